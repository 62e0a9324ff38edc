#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <set>
#include <tuple>
#include <utility>

#include "engine/logs/archive.h"
#include "engine/logs/descriptor.h"
#include "engine/logs/journal_query.h"
#include "engine/logs/log_names.h"
#include "engine/logs/rotation.h"
#include "engine/logs/source.h"

namespace conclave::logs {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_entries = 1'000'000;  // looked at, in all folders
constexpr int max_depth = 64;

// Below a folder, or as a glob; ** reaches into folders.
bool is_wanted(const std::string& member, const std::string& wanted) {
  if (member.starts_with(wanted.ends_with('/') ? wanted : wanted + '/')) return true;
  return ::fnmatch(wanted.c_str(), member.c_str(), wanted.find("**") == std::string::npos ? FNM_PATHNAME : 0) == 0;
}

class Finder {
 public:
  explicit Finder(Job& job) : job_(job) {}
  // Takes a file that a glob or a walk came across; unreadable ones become problems.
  void take(const fs::path& path, bool only_logs) {
    if (full_) return;
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) {
      struct stat info {};
      if (::stat(path.c_str(), &info) != 0 || S_ISREG(info.st_mode)) problem("cannot open", path, errno);
      return;
    }
    struct stat info {};
    std::array<char, 4096> head{};
    const bool regular = ::fstat(file, &info) == 0 && S_ISREG(info.st_mode);
    const ssize_t count = regular && only_logs ? ::pread(file, head.data(), head.size(), 0) : 0;
    const int error = count < 0 ? errno : 0;
    ::close(file);
    if (!regular) return;
    if (count < 0) return problem("cannot read", path, error);
    if (is_archive_name(path.filename().native()) && take_members(path, info)) return;
    if (only_logs && is_binary({head.data(), static_cast<std::size_t>(count)})) return;
    add(path, {info.st_dev, info.st_ino, 0});
  }

  // The logs in an archive, or those of its members that `wanted` names. False if it is none.
  bool take_members(const fs::path& path, const struct stat& info, const std::string& wanted = {}) {
    auto archive = Archive::open(path, job_);
    if (!archive && archive.error().kind == ErrorKind::parse) return false;
    if (!archive) {
      if (archive.error().kind == ErrorKind::cancelled) full_ = true;
      found_.problems.push_back(std::move(archive.error()));
      return true;
    }
    found_.problems.insert(found_.problems.end(), (*archive)->problems().begin(), (*archive)->problems().end());
    const std::size_t before = found_.files.size();
    if (const Member* const named = (*archive)->find(wanted)) {
      add_member(path, info, **archive, *named);
    } else {
      for (const Member* const member : (*archive)->logs()) {
        if (wanted.empty() || is_wanted(member->name, wanted)) add_member(path, info, **archive, *member);
      }
    }
    if (found_.files.size() == before && !full_) {
      found_.problems.push_back({ErrorKind::not_found,
                                 wanted.empty() ? "no logs in this archive" : "no log in the archive matches",
                                 wanted.empty() ? path.string() : path.string() + "!/" + wanted, 0, 0});
    }
    found_.archives.push_back(std::move(*archive));
    return true;
  }

  void walk(const fs::path& folder, int depth) {
    for (const auto& [name, type] : list(folder)) {
      if (name[0] == '.') continue;
      if (type == DT_DIR) {
        const bool journal = name == "journal" && folder.filename() == "log";  // hundreds of MiB that nobody named
        if (depth < max_depth && !journal) walk(folder / name, depth + 1);
      } else if (is_log_name(name)) {
        take(folder / name, true);
      }
    }
  }

  // `segments` from `at` on, below `folder`.
  void match(const fs::path& folder, const std::vector<std::string>& segments, std::size_t at, int depth) {
    const std::string& segment = segments[at];
    const bool last = at + 1 == segments.size();
    if (segment == "**") {
      if (!last) match(folder, segments, at + 1, depth);
      for (const auto& [name, type] : list(folder)) {
        if (name[0] == '.') continue;
        if (type == DT_DIR && depth < max_depth) match(folder / name, segments, at, depth + 1);
        if (type != DT_DIR && last) take(folder / name, true);
      }
      return;
    }
    if (segment.find_first_of("*?[") == std::string::npos) {
      std::error_code ignored;
      if (!last) return match(folder / segment, segments, at + 1, depth);
      if (fs::exists(fs::symlink_status(folder / segment, ignored))) take(folder / segment, false);
      return;
    }
    for (const auto& [name, type] : list(folder)) {
      if (::fnmatch(segment.c_str(), name.c_str(), FNM_PERIOD) != 0) continue;
      if (last && type != DT_DIR) take(folder / name, false);
      if (!last && type != DT_REG) match(folder / name, segments, at + 1, depth);
    }
  }

  // Sets sorted by folder and base name, the oldest file of each first; of several names for one file the first stays.
  FoundFiles finish() {
    std::set<FileId> seen;
    FoundFiles result;
    for (const std::size_t i : order_by_age(found_.files)) {
      if (seen.insert(ids_[i]).second) result.files.push_back(std::move(found_.files[i]));
    }
    result.archives = std::move(found_.archives);
    result.problems = std::move(found_.problems);
    return result;
  }

 private:
  using FileId = std::tuple<dev_t, ino_t, std::size_t>;  // and where in an archive

  void add(const fs::path& path, FileId id) {
    if (found_.files.size() >= max_log_files) {
      full_ = true;
      found_.problems.push_back({ErrorKind::limit,
                                 "more than " + std::to_string(max_log_files) + " files; the others are left out",
                                 path.parent_path().string(), 0, 0});
      return;
    }
    ids_.push_back(id);
    found_.files.push_back(path.lexically_normal());
  }

  void add_member(const fs::path& path, const struct stat& info, const Archive& archive, const Member& member) {
    if (full_) return;
    const auto place = static_cast<std::size_t>(member.bytes.data() - archive.bytes().view().data()) + 1;
    add(path.string() + "!/" + member.name, {info.st_dev, info.st_ino, member.bytes.empty() ? --empty_place_ : place});
  }

  void problem(std::string what, const fs::path& path, int error) {
    found_.problems.push_back(fail_io(std::move(what), path.string(), error).value());
  }

  // Names and d_type, links resolved to what they point at except to folders (which could form a circle).
  std::vector<std::pair<std::string, unsigned char>> list(const fs::path& folder) {
    std::vector<std::pair<std::string, unsigned char>> entries;
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(folder.c_str()), &::closedir);
    if (!stream) {
      if (errno != ENOTDIR && errno != ENOENT) problem("cannot open", folder, errno);
      return entries;
    }
    while (const dirent* entry = ::readdir(stream.get())) {  // NOLINT(concurrency-mt-unsafe): each stream has one reader
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (++entries_seen_ > max_entries) {
        if (!full_)
          found_.problems.push_back(
              {ErrorKind::limit, "too many folder entries; the others are left out", folder.string(), 0, 0});
        full_ = true;
        break;
      }
      unsigned char type = entry->d_type;
      struct stat info {};
      if (type == DT_UNKNOWN && ::lstat((folder / name).c_str(), &info) == 0) type = S_ISDIR(info.st_mode) ? DT_DIR : DT_REG;
      entries.emplace_back(name, type);
    }
    std::sort(entries.begin(), entries.end());
    return entries;
  }

  Job& job_;
  FoundFiles found_;
  std::size_t empty_place_ = SIZE_MAX;  // of members without bytes, each its own
  std::vector<FileId> ids_;             // beside found_.files
  std::size_t entries_seen_ = 0;
  bool full_ = false;
};

Result<FoundFiles> named_file(const fs::path& path, Job& job) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0) return fail_io("cannot open", path.string(), errno);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return fail(ErrorKind::io, "is not a regular file", path.string(), EINVAL);
  }
  if (is_archive_name(path.filename().native())) {
    Finder finder(job);
    if (finder.take_members(path.lexically_normal(), info)) return finder.finish();
  }
  return FoundFiles{{path.lexically_normal()}, {}, {}};
}

Result<FoundFiles> named_members(const MemberPath& path, Job& job) {
  struct stat info {};
  if (::stat(path.archive.c_str(), &info) != 0) return fail_io("cannot open", path.archive.string(), errno);
  Finder finder(job);
  if (!finder.take_members(path.archive.lexically_normal(), info, path.member)) {
    return fail(ErrorKind::parse, "is no tar archive", path.archive.string());
  }
  return finder.finish();
}

}  // namespace

Result<FoundFiles> find_files(const std::string& pattern, const fs::path& base) {
  Job job("find files");
  return find_files(pattern, base, job);
}

Result<FoundFiles> find_files(const std::string& pattern, const fs::path& base, Job& job) {
  if (pattern.empty()) return fail(ErrorKind::invalid_argument, "an empty path names no log");
  if (pattern.find('\0') != std::string::npos) return fail(ErrorKind::invalid_argument, "a path cannot hold a NUL byte");
  if (names_journal(pattern, base)) {
    const auto query = parse_journal_query(pattern, now_us());
    if (!query) return tl::unexpected(query.error());
    return FoundFiles{{query->directory.empty() ? pattern : journal_in(pattern, base)}, {}, {}};
  }
  const fs::path path = base / pattern;
  if (const auto members = member_path(path)) {
    auto found = named_members(*members, job);
    const bool glob = members->member.find_first_of("*?[") != std::string::npos;
    if (!found || glob || !found->files.empty() || found->problems.empty()) return found;
    return tl::unexpected<Error>(std::move(found->problems.back()));
  }
  Finder finder(job);
  std::error_code failure;
  const fs::file_status status = fs::status(path, failure);
  const bool glob = pattern.find_first_of("*?[") != std::string::npos;
  if (fs::is_directory(status)) {
    finder.walk(path, 0);
    return finder.finish();
  }
  if (!glob || fs::exists(status)) return named_file(path, job);
  // The part before the first wildcard is walked into without looking around.
  fs::path start = pattern[0] == '/' ? fs::path("/") : base.empty() ? fs::path(".") : base;
  std::vector<std::string> segments;
  for (const fs::path& part : fs::path(pattern).relative_path()) {
    if (!part.empty()) segments.push_back(part.string());
  }
  finder.match(start, segments, 0, 0);
  FoundFiles found = finder.finish();
  if (found.files.empty() && found.problems.empty()) {
    found.problems.push_back({ErrorKind::not_found, "no file matches", path.string(), 0, 0});
  }
  return found;
}

}  // namespace conclave::logs
