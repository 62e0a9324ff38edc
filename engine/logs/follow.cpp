// Each look compares the open file with what has its name now. A rename shows as another inode; copy-and-truncate as a smaller
// size or, if the file has grown again meanwhile, as another beginning: the first bytes are kept for that.
#include "engine/logs/follow.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <thread>
#include <utility>

#include "engine/logs/journal.h"
#include "engine/logs/source.h"
#include "engine/logs/unpack.h"
#include "engine/logs/utf16.h"

namespace conclave::logs {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_text = std::size_t{4} << 20U;  // of one file at a time, so that others have their turn
constexpr std::size_t block = std::size_t{256} << 10U;
constexpr std::size_t beginning_bytes = 256;

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

}  // namespace

std::string_view what_name(Followed::What what) {
  constexpr std::array<std::string_view, 6> names = {"text", "appeared", "vanished", "replaced", "truncated", "unreadable"};
  return names.at(static_cast<std::size_t>(what));
}

class Follower::File {
 public:
  File(std::size_t index, fs::path path, const FollowOptions& options)
      : index_(index), path_(std::move(path)), longest_(std::max<std::size_t>(options.longest_line, 1)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { close(); }

  Result<void> begin(std::uint64_t last_lines) {
    if (path_.native().find('\0') != std::string::npos) return fail(ErrorKind::invalid_argument, "a path cannot hold a NUL byte");
    if (names_journal(path_.string()))
      return fail(ErrorKind::unsupported, "the journal cannot be followed as a file; journalctl --follow shows it",
                  path_.string());
    if (file_of(path_) != path_)
      return fail(ErrorKind::unsupported, "is in an archive; such a file does not grow", path_.string());
    auto opened = open();
    if (!opened) {
      if (opened.error().os_error != ENOENT) return tl::unexpected(std::move(opened.error()));
      gone_ = true;
      return {};
    }
    const std::string magic = read_at(file_, 0, 8);
    if (!compression_of(magic).empty())
      return fail(ErrorKind::unsupported, "is compressed; such a file does not grow", path_.string());
    if (is_journal(magic)) return fail(ErrorKind::unsupported, "is a journal; journalctl --follow shows it", path_.string());
    if (is_utf16(magic)) return fail(ErrorKind::unsupported, "is UTF-16, which cannot be followed", path_.string());
    struct stat info {};
    if (::fstat(file_, &info) != 0) return fail_io("cannot read", path_.string(), errno);
    at_ = last_lines_at(file_, static_cast<std::uint64_t>(info.st_size), last_lines);
    return {};
  }

  void look(std::vector<Followed>& out) {
    if (file_ >= 0) {
      read(out);
      if (more_) return;  // the rest of it before what comes after
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
      return;
    }
    if (file_ >= 0 && named.st_ino == inode_ && named.st_dev == device_) {
      gone_ = false;
      return;
    }
    const bool first = file_ < 0;
    if (!first) read(out);  // written between the last read and the rename
    if (more_) return;
    const int before = std::exchange(file_, -1);
    auto opened = open();
    if (!opened) {
      file_ = before;
      return troubled(out, opened.error());
    }
    if (before >= 0) ::close(before);
    end_line(out);
    trouble_.clear();
    out.push_back({index_, first || gone_ ? Followed::What::appeared : Followed::What::replaced});
    gone_ = false;
    at_ = 0;
    read(out);
  }

  // The last line, if it has no end.
  void end_line(std::vector<Followed>& out) {
    if (!kept_.empty()) out.push_back({index_, Followed::What::text, std::exchange(kept_, {})});
  }

 private:
  Result<void> open() {
    const std::string name = path_.string();
    const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) return fail_io("cannot open", name, errno);
    struct stat info {};
    if (::fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
      ::close(file);
      return fail(ErrorKind::io, S_ISDIR(info.st_mode) ? "is a directory, not a log file" : "is no regular file", name, EINVAL);
    }
    close();
    file_ = file;
    inode_ = info.st_ino;
    device_ = info.st_dev;
    beginning_.clear();
    return {};
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
    follower.files_.push_back(std::make_unique<File>(i, paths[i], options));
    if (auto begun = follower.files_.back()->begin(options.last_lines); !begun) return tl::unexpected(std::move(begun.error()));
  }
  return follower;
}

std::vector<Followed> Follower::take(std::chrono::milliseconds patience, Job& job) {
  const auto until = std::chrono::steady_clock::now() + patience;
  std::vector<Followed> out;
  for (;;) {
    for (const auto& file : files_) file->look(out);
    const auto now = std::chrono::steady_clock::now();
    if (!out.empty() || now >= until || job.stopped()) return out;
    std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(interval_, until - now));
  }
}

std::vector<Followed> Follower::rest() {
  std::vector<Followed> out;
  for (const auto& file : files_) {
    file->look(out);
    file->end_line(out);
  }
  return out;
}

}  // namespace conclave::logs
