// Each look compares the open file with what has its name now. A rename shows as another inode; copy-and-truncate as a smaller
// size or, if the file has grown again meanwhile, as another beginning: the first bytes are kept for that. Where rotation came
// twice between two looks, what was written between the two is in a file of the rotated set (rotation.h) that never had its
// name while anyone looked: one that was not there when following began, and was not followed.
#include "engine/logs/follow.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <thread>
#include <utility>

#include "engine/base/time.h"
#include "engine/logs/descriptor.h"
#include "engine/logs/encoding.h"
#include "engine/logs/journal.h"
#include "engine/logs/journal_query.h"
#include "engine/logs/journal_tail.h"
#include "engine/logs/rotation.h"
#include "engine/logs/source.h"
#include "engine/logs/unpack.h"
#include "engine/logs/utf16.h"

namespace conclave::logs {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_text = std::size_t{4} << 20U;  // of one file at a time, so that others have their turn
constexpr std::size_t block = std::size_t{256} << 10U;
constexpr std::size_t beginning_bytes = 256;
constexpr std::uint64_t looked_at_for_encoding = std::uint64_t{1} << 20U;  // of lines that are given

// Bytes from `at`, as many as there are; less after an error, which errno names.
std::string read_at(int file, std::uint64_t at, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count = ::pread(file, bytes.data() + done, size - done, static_cast<off_t>(at + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  bytes.resize(done);
  return bytes;
}

// Where the last `lines` lines of a file begin.
std::uint64_t last_lines_at(int file, std::uint64_t size, std::uint64_t lines) {
  if (lines == 0) return size;
  std::uint64_t end = size;
  std::uint64_t left = lines + 1;  // ends: that of the line before, too, unless the last line has none
  if (size > 0 && read_at(file, size - 1, 1) != "\n") --left;
  while (end > 0) {
    const std::size_t part = static_cast<std::size_t>(std::min<std::uint64_t>(end, block));
    const std::string bytes = read_at(file, end - part, part);
    if (bytes.size() < part) return size;  // became shorter meanwhile
    for (std::size_t i = part; i-- > 0;) {
      if (bytes[i] == '\n' && --left == 0) return end - part + i + 1;
    }
    end -= part;
  }
  return 0;
}

std::string beginning_of(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  return file.open() ? read_at(file.get(), 0, beginning_bytes) : std::string{};
}

}  // namespace

std::string_view what_name(Followed::What what) {
  constexpr std::array<std::string_view, 7> names = {"text",      "appeared",   "vanished", "replaced",
                                                     "truncated", "unreadable", "ended"};
  return names.at(static_cast<std::size_t>(what));
}

class Follower::Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;
  virtual void look(std::vector<Followed>& out) = 0;
  virtual void end_line(std::vector<Followed>& out) = 0;  // the last line, if it has no end
  [[nodiscard]] virtual bool ended() const = 0;
};

class Follower::Journal final : public Source {
 public:
  static Result<std::unique_ptr<Source>> open(std::size_t index, const std::string& name, std::uint64_t last_lines) {
    auto query = parse_journal_query(name, now_us());
    if (!query) return tl::unexpected(std::move(query.error()));
    auto tail = JournalTail::last(std::move(*query), name, last_lines);
    if (!tail) return tl::unexpected(std::move(tail.error()));
    return std::make_unique<Journal>(index, std::move(*tail));
  }
  Journal(std::size_t index, std::unique_ptr<JournalTail> tail) : index_(index), tail_(std::move(tail)) {}

  void look(std::vector<Followed>& out) override {
    JournalTail::News news = tail_->take();
    if (!news.text.empty()) out.push_back({index_, Followed::What::text, std::move(news.text)});
    if (news.problem) out.push_back({index_, Followed::What::unreadable, news.problem->text()});
  }
  void end_line(std::vector<Followed>& /*out*/) override {}  // entries are whole
  [[nodiscard]] bool ended() const override { return false; }

 private:
  std::size_t index_;
  std::unique_ptr<JournalTail> tail_;
};

class Follower::File final : public Source {
 public:
  File(std::size_t index, fs::path path, const FollowOptions& options)
      : index_(index),
        path_(std::move(path)),
        longest_(std::max<std::size_t>(options.longest_line, 1)),
        stream_(path_ == "-" ? options.standard_input : -1) {}
  ~File() override { close(); }

  Result<void> begin(std::uint64_t last_lines) {
    if (stream_ >= 0) return {};
    if (path_.native().find('\0') != std::string::npos) return fail(ErrorKind::invalid_argument, "a path cannot hold a NUL byte");
    if (file_of(path_) != path_)
      return fail(ErrorKind::unsupported, "is in an archive; such a file does not grow", path_.string());
    auto opened = open(path_);
    if (!opened) {
      if (opened.error().os_error != ENOENT) return tl::unexpected(std::move(opened.error()));
      gone_ = true;
      return {};
    }
    const std::string magic = read_at(file_, 0, 8);
    if (!compression_of(magic).empty())
      return fail(ErrorKind::unsupported, "is compressed; such a file does not grow", path_.string());
    if (is_journal(magic))
      return fail(ErrorKind::unsupported, "is one file of a journal; follow journal:directory=FOLDER instead", path_.string());
    if (is_utf16(magic)) return fail(ErrorKind::unsupported, "is UTF-16, which cannot be followed", path_.string());
    struct stat info {};
    if (::fstat(file_, &info) != 0) return fail_io("cannot read", path_.string(), errno);
    remember_siblings();
    at_ = last_lines_at(file_, static_cast<std::uint64_t>(info.st_size), last_lines);
    const std::string first = read_at(file_, 0, std::min(at_, looked_at_for_encoding));
    encoding_.add(std::string_view(first).substr(0, first.rfind('\n') + 1));
    return {};
  }

  void look(std::vector<Followed>& out) override {
    if (stream_ >= 0) return read_stream(out);
    if (ended_) return;
    while (look_once(out)) {
    }
  }

  void end_line(std::vector<Followed>& out) override {
    if (!kept_.empty()) out.push_back({index_, Followed::What::text, letters(std::exchange(kept_, {}))});
  }

  [[nodiscard]] bool ended() const override { return ended_; }

 private:
  // Whether there may be another file behind the one that it went on to.
  bool look_once(std::vector<Followed>& out) {
    if (file_ >= 0) {
      read(out);
      if (more_) return false;  // the rest of it before what comes after
    }
    struct stat named {};
    if (::stat(path_.c_str(), &named) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) {
        trouble_.clear();
        if (!gone_) out.push_back({index_, Followed::What::vanished});
        gone_ = true;
      } else {
        troubled(out, fail_io("cannot read", path_.string(), errno).value());
      }
      return false;
    }
    if (file_ >= 0 && named.st_ino == inode_ && named.st_dev == device_) {
      gone_ = false;
      return false;
    }
    const bool first = file_ < 0;
    if (!first) read(out);  // written between the last read and the rename
    if (more_) return false;
    const Named next = first ? Named{path_} : next_in_set();
    const Known left{inode_, beginning_};
    const int before = std::exchange(file_, -1);
    auto opened = open(next.path, next.inode);
    if (!opened) {
      file_ = before;
      if (opened.error().os_error != ESTALE) troubled(out, opened.error());
      return false;
    }
    if (before >= 0) ::close(before);
    first ? remember_siblings() : remember(left.inode, left.beginning);
    end_line(out);
    trouble_.clear();
    out.push_back({index_, first || gone_ ? Followed::What::appeared : Followed::What::replaced});
    gone_ = false;
    at_ = 0;
    read(out);
    return next.path != path_ && !more_;
  }

  struct Named {
    fs::path path;
    ino_t inode = 0;  // 0: whatever has that name
    timespec changed{};
  };
  struct Known {
    ino_t inode;
    std::string beginning;  // numbers of files that are gone are given again
  };

  // The other files of the rotated set, the oldest first.
  [[nodiscard]] std::vector<Named> siblings() const {
    const std::string base = rotation_of(path_.filename().string()).base;
    const fs::path folder = path_.parent_path();
    std::vector<Named> found;
    std::vector<fs::path> paths;
    std::error_code failure;
    for (auto entry = fs::directory_iterator(folder.empty() ? fs::path(".") : folder, failure);
         !failure && entry != fs::directory_iterator(); entry.increment(failure)) {
      const std::string name = entry->path().filename().string();
      struct stat info {};
      if (rotation_of(name).base != base || ::stat((folder / name).c_str(), &info) != 0) continue;
      if (!S_ISREG(info.st_mode) || info.st_dev != device_ || info.st_ino == inode_ || folder / name == path_) continue;
      found.push_back({folder / name, info.st_ino, info.st_mtim});
      paths.push_back(folder / name);
    }
    std::vector<Named> sorted;
    for (const std::size_t i : order_by_age(paths)) sorted.push_back(found[i]);
    std::stable_sort(sorted.begin(), sorted.end(), [](const Named& a, const Named& b) {
      return std::pair(a.changed.tv_sec, a.changed.tv_nsec) < std::pair(b.changed.tv_sec, b.changed.tv_nsec);
    });
    return sorted;
  }

  void remember(ino_t inode, std::string beginning) {
    constexpr std::size_t most = 256;
    if (known_.size() == most) known_.erase(known_.begin());
    known_.push_back({inode, std::move(beginning)});
  }

  // What was there before is not of our time.
  void remember_siblings() {
    for (const Named& sibling : siblings()) remember(sibling.inode, beginning_of(sibling.path));
  }

  // What came between the open file and the one that has its name now.
  [[nodiscard]] Named next_in_set() const {
    for (Named& sibling : siblings()) {
      const std::string beginning = beginning_of(sibling.path);
      const bool known = std::any_of(known_.begin(), known_.end(), [&](const Known& each) {
        return each.inode == sibling.inode && beginning.starts_with(each.beginning);
      });
      if (!known && compression_of(beginning).empty()) return std::move(sibling);
    }
    return {path_};
  }

  // ESTALE if it has another inode than `expected`, unless that is 0.
  Result<void> open(const fs::path& path, ino_t expected = 0) {
    const std::string name = path.string();
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) return fail_io("cannot open", name, errno);
    struct stat info {};
    if (::fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
      ::close(file);
      return fail(ErrorKind::io, S_ISDIR(info.st_mode) ? "is a directory, not a log file" : "is no regular file", name, EINVAL);
    }
    if (expected != 0 && info.st_ino != expected) {
      ::close(file);
      return fail_io("was renamed", name, ESTALE);
    }
    close();
    file_ = file;
    inode_ = info.st_ino;
    device_ = info.st_dev;
    beginning_.clear();
    encoding_ = {};
    seen_for_encoding_ = 0;
    return {};
  }

  // What is there of standard input, without waiting for more.
  void read_stream(std::vector<Followed>& out) {
    std::string bytes(block, '\0');
    for (std::size_t taken = 0; taken < most_text;) {
      pollfd waiting{stream_, POLLIN, 0};
      if (::poll(&waiting, 1, 0) <= 0) return;
      const ssize_t count = ::read(stream_, bytes.data(), bytes.size());
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
      if (count <= 0) {
        if (count < 0) troubled(out, fail_io("cannot read", path_.string(), errno).value());
        end_line(out);
        out.push_back({index_, Followed::What::ended});
        stream_ = -1;
        ended_ = true;
        return;
      }
      taken += static_cast<std::size_t>(count);
      add(std::string_view(bytes).substr(0, static_cast<std::size_t>(count)), out);
    }
  }

  void close() {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
  }

  void read(std::vector<Followed>& out) {
    more_ = false;
    struct stat info {};
    if (::fstat(file_, &info) != 0) return troubled(out, fail_io("cannot read", path_.string(), errno).value());
    const auto size = static_cast<std::uint64_t>(info.st_size);
    if (size == at_ && info.st_mtim.tv_sec == changed_.tv_sec && info.st_mtim.tv_nsec == changed_.tv_nsec) return;
    if (size < at_ || !begins_as_before()) {
      end_line(out);
      out.push_back({index_, Followed::What::truncated});
      at_ = 0;
      beginning_.clear();
    }
    changed_ = info.st_mtim;
    std::size_t taken = 0;
    while (at_ < size && taken < most_text) {
      const std::size_t part = static_cast<std::size_t>(std::min<std::uint64_t>(size - at_, block));
      errno = 0;
      const std::string bytes = read_at(file_, at_, part);
      if (bytes.empty()) {
        if (errno != 0) troubled(out, fail_io("cannot read", path_.string(), errno).value());
        break;
      }
      at_ += bytes.size();
      taken += bytes.size();
      add(bytes, out);
    }
    more_ = at_ < size && taken >= most_text;
    if (beginning_.size() < beginning_bytes) beginning_ = read_at(file_, 0, std::min<std::uint64_t>(at_, beginning_bytes));
  }

  [[nodiscard]] bool begins_as_before() const { return beginning_.empty() || read_at(file_, 0, beginning_.size()) == beginning_; }

  void add(std::string_view bytes, std::vector<Followed>& out) {
    const std::size_t end = bytes.rfind('\n');
    if (end != std::string_view::npos) {
      kept_.append(bytes.substr(0, end + 1));
      kept_ = letters(std::move(kept_));
      if (!out.empty() && out.back().file == index_ && out.back().what == Followed::What::text) {
        out.back().text += kept_;
      } else {
        out.push_back({index_, Followed::What::text, kept_});
      }
      kept_.clear();
      bytes.remove_prefix(end + 1);
    }
    kept_.append(bytes);
    if (kept_.size() >= longest_) end_line(out);
  }

  std::string letters(std::string text) {
    if (seen_for_encoding_ < looked_at_for_encoding) {
      encoding_.add(text);
      seen_for_encoding_ += text.size();
    }
    return encoding_.verdict() == Encoding::latin1 ? latin1_to_utf8(text) : text;
  }

  // Said once, until something else is.
  void troubled(std::vector<Followed>& out, const Error& error) {
    if (trouble_ == error.message) return;
    trouble_ = error.message;
    out.push_back({index_, Followed::What::unreadable, error.text()});
  }

  std::size_t index_;
  fs::path path_;
  std::size_t longest_;
  int file_ = -1;
  ino_t inode_ = 0;
  dev_t device_ = 0;
  timespec changed_{};
  std::uint64_t at_ = 0;   // read up to here
  std::string beginning_;  // of the file, as far as it was read
  std::string kept_;       // a line without an end
  std::string trouble_;
  std::vector<Known> known_;  // of the rotated set
  EncodingEvidence encoding_;
  std::uint64_t seen_for_encoding_ = 0;
  int stream_;          // borrowed; -1: there is a file, or no more to come
  bool ended_ = false;  // a stream did
  bool gone_ = false;
  bool more_ = false;  // there was more than one look takes
};

Follower::Follower(Follower&&) noexcept = default;
Follower& Follower::operator=(Follower&&) noexcept = default;
Follower::~Follower() = default;

Result<Follower> Follower::open(const std::vector<fs::path>& paths, const FollowOptions& options) {
  Follower follower;
  follower.interval_ = options.interval;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (names_journal(paths[i].string())) {
      auto journal = Journal::open(i, paths[i].string(), options.last_lines);
      if (!journal) return tl::unexpected(std::move(journal.error()));
      follower.sources_.push_back(std::move(*journal));
      continue;
    }
    auto file = std::make_unique<File>(i, paths[i], options);
    if (auto begun = file->begin(options.last_lines); !begun) return tl::unexpected(std::move(begun.error()));
    follower.sources_.push_back(std::move(file));
  }
  return follower;
}

std::vector<Followed> Follower::take(std::chrono::milliseconds patience, Job& job) {
  const auto until = std::chrono::steady_clock::now() + patience;
  std::vector<Followed> out;
  for (;;) {
    for (const auto& source : sources_) source->look(out);
    const auto now = std::chrono::steady_clock::now();
    if (!out.empty() || now >= until || job.stopped() || ended()) return out;
    std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(interval_, until - now));
  }
}

bool Follower::ended() const {
  return !sources_.empty() && std::all_of(sources_.begin(), sources_.end(), [](const auto& source) { return source->ended(); });
}

std::vector<Followed> Follower::rest() {
  std::vector<Followed> out;
  for (const auto& source : sources_) {
    source->look(out);
    source->end_line(out);
  }
  return out;
}

}  // namespace conclave::logs
