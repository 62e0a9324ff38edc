// libarchive reads the headers out of the mapped or unpacked archive; a member is a piece of the same memory.
#include "engine/logs/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

#include "engine/logs/log_names.h"
#include "engine/logs/rotation.h"

namespace conclave::logs {
namespace {

constexpr std::size_t max_headers = 1'000'000;
constexpr std::size_t longest_name = 4096;

// Archives in use, so that each is unpacked only once. The users own them.
using FileId = std::tuple<dev_t, ino_t, off_t, time_t, long>;
std::mutex in_use_mutex;
std::map<FileId, std::weak_ptr<const Archive>> in_use;

std::shared_ptr<const Archive> known(const FileId& id) {
  const std::lock_guard lock(in_use_mutex);
  std::erase_if(in_use, [](const auto& each) { return each.second.expired(); });
  const auto found = in_use.find(id);
  return found == in_use.end() ? nullptr : found->second.lock();
}

// Without empty and "." parts; nothing if there is a ".." or no part at all.
std::optional<std::string> plain_name(std::string_view name) {
  std::string plain;
  while (!name.empty()) {
    const std::size_t end = std::min(name.find('/'), name.size());
    const std::string_view part = name.substr(0, end);
    name.remove_prefix(std::min(end + 1, name.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..") return std::nullopt;
    if (!plain.empty()) plain += '/';
    plain += part;
  }
  return plain.empty() ? std::nullopt : std::optional(std::move(plain));
}

std::string members_text(std::size_t count, const char* why) {
  return std::to_string(count) + (count == 1 ? " member " : " members ") + why;
}

}  // namespace

class ArchiveReader {
 public:
  explicit ArchiveReader(std::shared_ptr<const LogBytes> bytes) { made_->bytes_ = std::move(bytes); }

  Result<std::shared_ptr<const Archive>> read(Job& job) {
    const std::unique_ptr<archive, decltype(&archive_read_free)> reader(archive_read_new(), &archive_read_free);
    const std::string_view all = made_->bytes_->view();
    if (!reader) return fail(ErrorKind::limit, "not enough memory to read the archive", made_->bytes_->name());
    archive_read_support_format_tar(reader.get());
    if (archive_read_open_memory(reader.get(), all.data(), all.size()) != ARCHIVE_OK) return no_archive();
    for (std::size_t count = 0;; ++count) {
      if (job.stopped()) return fail_cancelled();
      archive_entry* entry = nullptr;
      const int status = archive_read_next_header(reader.get(), &entry);
      if (status == ARCHIVE_EOF) break;
      if (status == ARCHIVE_RETRY) continue;
      if (status < ARCHIVE_WARN) {
        if (count == 0) return no_archive();
        const char* why = archive_error_string(reader.get());
        problem(ErrorKind::parse,
                std::string("damaged or cut off: ") + (why == nullptr ? "unknown reason" : why) + "; what came before is used");
        break;
      }
      if (count == max_headers) {
        problem(ErrorKind::limit, "more than " + std::to_string(max_headers) + " members; the others are left out");
        break;
      }
      take(reader.get(), entry, all);
    }
    if (strange_ > 0) problem(ErrorKind::parse, members_text(strange_, "left out: the name leads out of the archive or is none"));
    if (sparse_ > 0) problem(ErrorKind::unsupported, members_text(sparse_, "left out: sparse files are not read"));
    if (cut_ > 0) problem(ErrorKind::parse, members_text(cut_, "cut off; what came before is used"));
    auto& members = made_->members_;
    std::reverse(members.begin(), members.end());
    std::stable_sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.name < b.name; });
    members.erase(std::unique(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.name == b.name; }),
                  members.end());
    return made_;
  }

 private:
  tl::unexpected<Error> no_archive() { return fail(ErrorKind::parse, "is no tar archive", made_->bytes_->name()); }

  void problem(ErrorKind kind, std::string message) {
    made_->problems_.push_back({kind, std::move(message), made_->bytes_->name(), 0, 0});
  }

  void take(archive* reader, archive_entry* entry, std::string_view all) {
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) return;
    const char* raw = archive_entry_pathname(entry);
    if (raw == nullptr) raw = archive_entry_pathname_utf8(entry);  // one that this locale cannot write
    auto name = raw == nullptr ? std::nullopt : plain_name(raw);
    if (!name || name->size() > longest_name) {
      ++strange_;
      return;
    }
    if (archive_entry_sparse_count(entry) > 0) {
      ++sparse_;
      return;
    }
    Member member{std::move(*name), {}, 0};
    if (archive_entry_mtime_is_set(entry) != 0) {
      const auto seconds = archive_entry_mtime(entry);
      if (seconds > 0 && seconds < max_seconds) member.modified = static_cast<TimeUs>(seconds) * us_per_second;
    }
    const std::int64_t size = archive_entry_size(entry);
    if (size > 0) {
      const void* data = nullptr;
      std::size_t there = 0;
      la_int64_t offset = 0;
      const int status = archive_read_data_block(reader, &data, &there, &offset);
      const char* const begin = static_cast<const char*>(data);
      if (status < ARCHIVE_WARN || offset != 0 || begin < all.data() || begin + there > all.data() + all.size()) {
        ++cut_;
        return;
      }
      member.bytes = {begin, std::min(there, static_cast<std::size_t>(size))};
      if (member.bytes.size() < static_cast<std::size_t>(size)) ++cut_;
    }
    made_->members_.push_back(std::move(member));
  }

  static constexpr std::int64_t max_seconds = 253'402'300'800;  // year 10000
  std::shared_ptr<Archive> made_ = std::make_shared<Archive>();
  std::size_t strange_ = 0;
  std::size_t sparse_ = 0;
  std::size_t cut_ = 0;
};

Result<std::shared_ptr<const Archive>> Archive::open(const std::filesystem::path& path, Job& job, std::uint64_t max_unpacked) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return fail_io("cannot open", path.string(), errno);
  const FileId id(info.st_dev, info.st_ino, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
  if (auto open = known(id)) return open;
  auto bytes = LogBytes::open(path, job, max_unpacked);
  if (!bytes) return tl::unexpected<Error>(std::move(bytes.error()));
  auto made = of(std::move(*bytes), job);
  if (made) {
    const std::lock_guard lock(in_use_mutex);
    in_use[id] = *made;
  }
  return made;
}

Result<std::shared_ptr<const Archive>> Archive::of(std::shared_ptr<const LogBytes> bytes, Job& job) {
  const auto damage = bytes->problem();
  auto made = ArchiveReader(std::move(bytes)).read(job);
  if (!made || !damage) return made;
  auto with_damage = std::make_shared<Archive>(**made);
  with_damage->problems_.insert(with_damage->problems_.begin(), *damage);
  return with_damage;
}

std::vector<const Member*> Archive::logs() const {
  constexpr std::size_t head_bytes = 4096;
  std::vector<const Member*> found;
  std::vector<std::filesystem::path> names;
  for (const Member& member : members_) {
    const std::filesystem::path name(member.name);
    if (std::any_of(name.begin(), name.end(), [](const auto& part) { return part.native().starts_with('.'); })) continue;
    const std::string last = name.filename().string();
    if (!is_log_name(last) || is_archive_name(last) || is_binary(member.bytes.substr(0, head_bytes))) continue;
    found.push_back(&member);
    names.push_back(name);
  }
  std::vector<const Member*> ordered;
  for (const std::size_t i : order_by_age(names)) ordered.push_back(found[i]);
  return ordered;
}

const Member* Archive::find(std::string_view name) const {
  const auto found =
      std::lower_bound(members_.begin(), members_.end(), name, [](const Member& a, std::string_view b) { return a.name < b; });
  return found != members_.end() && found->name == name ? &*found : nullptr;
}

bool is_archive_name(std::string_view name) {
  constexpr std::array<std::string_view, 12> ends = {".tar", ".tar.gz", ".tar.xz", ".tar.zst", ".tar.bz2", ".tar.lz4",
                                                     ".tgz", ".txz",    ".tzst",   ".tbz",     ".tbz2",    ".tlz4"};
  return std::any_of(ends.begin(), ends.end(),
                     [&](std::string_view end) { return name.size() > end.size() && name.ends_with(end); });
}

bool is_tar(std::string_view bytes) {
  constexpr std::size_t place = 257;  // POSIX 1003.1: the magic of a header
  return bytes.size() >= 512 && bytes.substr(place, 5) == "ustar";
}

std::optional<MemberPath> member_path(const std::filesystem::path& path) {
  const std::string& text = path.native();
  struct stat info {};
  if (text.find('\0') != std::string::npos || ::stat(text.c_str(), &info) == 0) return std::nullopt;
  for (std::size_t at = text.find("!/"); at != std::string::npos; at = text.find("!/", at + 1)) {
    const std::string archive = text.substr(0, at);
    if (::stat(archive.c_str(), &info) == 0 && S_ISREG(info.st_mode)) {
      const std::string member = text.substr(at + 2);
      return MemberPath{archive, plain_name(member).value_or(member)};
    }
  }
  return std::nullopt;
}

}  // namespace conclave::logs
