#include "engine/logs/source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "engine/logs/archive.h"
#include "engine/logs/descriptor.h"
#include "engine/logs/guarded_map.h"
#include "engine/logs/journal.h"
#include "engine/logs/journal_bytes.h"
#include "engine/logs/log_names.h"
#include "engine/logs/spool.h"
#include "engine/logs/unpack.h"
#include "engine/logs/utf16.h"

namespace conclave::logs {
namespace {

class TextBytes final : public LogBytes {
 public:
  TextBytes(std::string text, std::string name) : text_(std::move(text)) {
    view_ = text_;
    name_ = std::move(name);
    file_bytes_ = text_.size();
    encoding_ = encoding_of(view_);
  }

 private:
  std::string text_;
};

class MemoryBytes final : public LogBytes {
 public:
  MemoryBytes(GrowingMemory memory, std::string name, std::uint64_t file_bytes, TimeUs modified, std::optional<Error> damage,
              std::optional<Encoding> encoding = std::nullopt)
      : memory_(std::move(memory)) {
    view_ = memory_.view();
    name_ = std::move(name);
    file_bytes_ = file_bytes;
    modified_ = modified;
    damage_ = std::move(damage);
    encoding_ = encoding ? *encoding : encoding_of(view_);
  }

 private:
  GrowingMemory memory_;
};

class MappedBytes final : public LogBytes {
 public:
  MappedBytes(std::unique_ptr<GuardedMap> map, std::string name, TimeUs modified) : map_(std::move(map)) {
    view_ = map_->view();
    name_ = std::move(name);
    file_bytes_ = view_.size();
    modified_ = modified;
    encoding_ = encoding_of(view_);
  }
  [[nodiscard]] bool shrank() const noexcept override { return map_->shrank(); }

 private:
  std::unique_ptr<GuardedMap> map_;
};

class MemberBytes final : public LogBytes {
 public:
  MemberBytes(std::shared_ptr<const Archive> archive, const Member& member, std::string name) : archive_(std::move(archive)) {
    view_ = member.bytes;
    name_ = std::move(name);
    file_bytes_ = view_.size();
    modified_ = member.modified;
    encoding_ = encoding_of(view_);
  }
  [[nodiscard]] bool shrank() const noexcept override { return archive_->bytes().shrank(); }

 private:
  std::shared_ptr<const Archive> archive_;
};

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "is a directory, not a log file";
  if (S_ISFIFO(mode)) return "is a named pipe; only regular files can be read";
  if (S_ISSOCK(mode)) return "is a socket; only regular files can be read";
  return "is a device; only regular files can be read";
}

// Files that do not tell their size (below /proc) are read to their end.
Result<GrowingMemory> read_all(int file, std::uint64_t max_bytes, const std::string& name, Job& job) {
  GrowingMemory memory;
  std::array<char, 65536> buffer;
  for (;;) {
    if (job.stopped()) return fail_cancelled();
    const ssize_t count = ::read(file, buffer.data(), buffer.size());
    if (count == 0 || (count < 0 && errno == EAGAIN)) return memory;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_io("cannot read", name, errno);
    const auto size = static_cast<std::size_t>(count);
    if (size > max_bytes - memory.view().size()) {
      return fail(ErrorKind::limit, "is larger than " + std::to_string(max_bytes) + " bytes", name);
    }
    if (!memory.append(buffer.data(), size)) return fail(ErrorKind::limit, "not enough memory to read", name);
  }
}

TimeUs modified_of(const struct stat& info) {
  return static_cast<TimeUs>(info.st_mtim.tv_sec) * us_per_second + info.st_mtim.tv_nsec / 1000;
}

// What is packed, UTF-16 or a journal, as UTF-8; null if `bytes` can be used as they are.
Result<std::shared_ptr<const LogBytes>> decoded(std::string_view bytes, const std::string& name, TimeUs modified,
                                                std::uint64_t max_unpacked, Job& job) {
  GrowingMemory memory;
  std::optional<Error> damage;
  std::string_view text = bytes;
  if (!compression_of(bytes).empty()) {
    auto unpacked = unpack(bytes, max_unpacked, name, job);
    if (!unpacked) return tl::unexpected<Error>(std::move(unpacked.error()));
    memory = std::move(unpacked->bytes);
    damage = std::move(unpacked->problem);
    text = memory.view();
  }
  if (is_journal(text)) {
    auto journal = journal_bytes(read_journal_bytes(text, name, max_stream_bytes, job), name, bytes.size(), modified);
    if (!journal || !damage) return journal;
    return fail(ErrorKind::parse, "is a journal that is cut off or damaged", name);
  }
  if (is_utf16(text)) {
    const Encoding encoding = utf16_encoding(text);
    auto utf8 = utf16_to_utf8(text, max_unpacked, name, job);
    if (!utf8) return tl::unexpected<Error>(std::move(utf8.error()));
    if (memory.view().empty()) job.advance(bytes.size());
    return std::make_shared<MemoryBytes>(std::move(*utf8), name, bytes.size(), modified, std::move(damage), encoding);
  }
  if (text.data() != bytes.data()) {
    return std::make_shared<MemoryBytes>(std::move(memory), name, bytes.size(), modified, std::move(damage));
  }
  return nullptr;
}

// A regular file that stands at its start.
Result<std::shared_ptr<const LogBytes>> open_regular(Descriptor file, const struct stat& info, const std::string& name, Job& job,
                                                     std::uint64_t max_unpacked) {
  const auto size = static_cast<std::uint64_t>(info.st_size);
  const TimeUs modified = modified_of(info);
  if (job.stopped()) return fail_cancelled();
  if (size == 0) {
    auto memory = read_all(file.get(), max_unpacked, name, job);
    if (!memory) return tl::unexpected<Error>(std::move(memory.error()));
    const std::uint64_t bytes = memory->view().size();
    return std::make_shared<MemoryBytes>(std::move(*memory), name, bytes, modified, std::nullopt);
  }
  std::array<char, 8> head{};
  if (const ssize_t count = ::pread(file.get(), head.data(), head.size(), 0);
      info.st_nlink > 0 && count > 0 && is_journal({head.data(), static_cast<std::size_t>(count)})) {
    auto journal = journal_bytes(read_journal_file(file.get(), name, max_stream_bytes, job), name, size, modified);
    if (journal) job.advance(size);
    return journal;
  }
  auto map = GuardedMap::map(file.release(), size, name);
  if (!map) return tl::unexpected<Error>(std::move(map.error()));
  auto text = decoded((*map)->view(), name, modified, max_unpacked, job);
  if (!text || *text) return text;
  job.advance(size);
  return std::make_shared<MappedBytes>(std::move(*map), name, modified);
}

Result<std::shared_ptr<const LogBytes>> member_bytes(const std::shared_ptr<const Archive>& archive, const Member& member,
                                                     const std::string& name, std::uint64_t max_unpacked, Job& job) {
  auto text = decoded(member.bytes, name, member.modified, max_unpacked, job);
  if (!text || *text) return text;
  return std::make_shared<MemberBytes>(archive, member, name);
}

Result<std::shared_ptr<const LogBytes>> open_member(const MemberPath& path, const std::string& name, Job& job,
                                                    std::uint64_t max_unpacked) {
  const auto archive = Archive::open(path.archive, job, max_unpacked);
  if (!archive) return tl::unexpected<Error>(archive.error());
  const Member* const member = (*archive)->find(path.member);
  if (member == nullptr) return fail(ErrorKind::not_found, "is not in the archive", name, ENOENT);
  return member_bytes(*archive, *member, name, max_unpacked, job);
}

}  // namespace

Result<std::shared_ptr<const LogBytes>> LogBytes::open(const std::filesystem::path& path, Job& job, std::uint64_t max_unpacked) {
  const std::string name = path.string();
  if (name.find('\0') != std::string::npos) return fail(ErrorKind::invalid_argument, "a path cannot hold a NUL byte");
  if (names_journal(name)) {
    const auto query = parse_journal_query(name, now_us());
    if (!query) return tl::unexpected(query.error());
    job.begin("reading " + name, 0, "B");
    return named_journal_bytes(*query, name, max_stream_bytes, job);
  }
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0) {
    const int error = errno;
    if (const auto member = error == ENOENT || error == ENOTDIR ? member_path(path) : std::nullopt) {
      return open_member(*member, name, job, max_unpacked);
    }
    if (error == ENXIO) return fail(ErrorKind::io, kind_of(S_IFSOCK), name, ENXIO);
    return fail_io("cannot open", name, error);
  }
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return fail_io("cannot open", name, errno);
  if (!S_ISREG(info.st_mode)) return fail(ErrorKind::io, kind_of(info.st_mode), name, S_ISDIR(info.st_mode) ? EISDIR : EINVAL);
  job.begin("reading " + name, static_cast<std::uint64_t>(info.st_size), "B");
  return open_regular(std::move(file), info, name, job, max_unpacked);
}

Result<std::shared_ptr<const LogBytes>> LogBytes::read_stream(int file, const std::string& name, Job& job,
                                                              std::uint64_t max_bytes) {
  struct stat info {};
  if (::fstat(file, &info) != 0) return fail_io("cannot read", name, errno);
  job.begin("reading " + name, 0, "B");
  if (S_ISREG(info.st_mode) && info.st_size > 0 && ::lseek(file, 0, SEEK_CUR) == 0) {
    Descriptor own(::fcntl(file, F_DUPFD_CLOEXEC, 0));
    if (own.get() < 0) return fail_io("cannot read", name, errno);
    return open_regular(std::move(own), info, name, job, max_unpacked_bytes);
  }
  auto kept = spool(file, max_bytes, name, job);
  if (!kept) return tl::unexpected<Error>(std::move(kept.error()));
  if (::fstat(kept->get(), &info) != 0) return fail_io("cannot read", name, errno);
  return open_regular(std::move(*kept), info, name, job, max_unpacked_bytes);
}

Result<void> LogBytes::each_member(std::shared_ptr<const LogBytes> bytes, Job& job,
                                   const std::function<void(Result<std::shared_ptr<const LogBytes>>)>& use) {
  if (!is_tar(bytes->view())) {
    use(std::move(bytes));
    return {};
  }
  const auto archive = Archive::of(bytes, job);
  if (!archive) return tl::unexpected<Error>(archive.error());
  for (const Error& problem : (*archive)->problems()) use(tl::unexpected<Error>(problem));
  const auto logs = (*archive)->logs();
  if (logs.empty()) return fail(ErrorKind::not_found, "no logs in this archive", bytes->name());
  if (logs.size() > max_log_files)
    return fail(ErrorKind::limit, "more than " + std::to_string(max_log_files) + " logs", bytes->name());
  for (const Member* const member : logs)
    use(member_bytes(*archive, *member, bytes->name() + "!/" + member->name, max_unpacked_bytes, job));
  return {};
}

std::filesystem::path file_of(const std::filesystem::path& log) {
  auto member = member_path(log);
  return member ? std::move(member->archive) : log;
}

std::shared_ptr<const LogBytes> LogBytes::from_text(std::string text, std::string name) {
  return std::make_shared<TextBytes>(std::move(text), std::move(name));
}

std::string LogBytes::text(std::string_view piece) const { return letters_of(piece, encoding_); }

std::optional<Error> LogBytes::problem() const {
  if (damage_) return damage_;
  if (shrank()) return Error{ErrorKind::io, "became shorter while it was read; the missing bytes read as zero", name_, 0, 0};
  return std::nullopt;
}

}  // namespace conclave::logs
