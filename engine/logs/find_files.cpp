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
#include <utility>

#include "engine/logs/source.h"
#include "engine/logs/unpack.h"

namespace conclave::logs {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_files = 10'000;
constexpr std::size_t max_entries = 1'000'000;  // looked at, in all folders
constexpr int max_depth = 64;

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// The name without what rotation and compression append: "app.log.2.gz" and "app.log-20260301" are both "app.log".
std::string_view without_rotation(std::string_view name) {
  const auto ends_with_digits = [&](char separator) {
    const std::size_t at = name.find_last_not_of("0123456789");
    return at != std::string_view::npos && at > 0 && at + 1 < name.size() && name[at] == separator ? at : std::string_view::npos;
  };
  for (const std::string_view suffix : {".gz", ".xz", ".zst", ".bz2", ".lz4"}) {
    if (name.size() > suffix.size() && name.ends_with(suffix)) name.remove_suffix(suffix.size());
  }
  for (const char separator : {'.', '-'}) {
    if (const std::size_t at = ends_with_digits(separator); at != std::string_view::npos) name = name.substr(0, at);
  }
  return name.ends_with(".old") ? name.substr(0, name.size() - 4) : name;
}

bool is_log_name(std::string_view name) {
  if (name.empty() || name[0] == '.') return false;
  if (name.find(".log") != std::string_view::npos) return true;
  const std::string_view base = without_rotation(name);
  if (is_one_of(base, {"syslog", "messages", "secure", "maillog", "dmesg", "log", "auth", "daemon", "kern", "cron", "debug",
                       "boot", "access_log", "error_log", "stdout", "stderr"})) {
    return true;
  }
  const std::size_t dot = base.rfind('.');
  return dot != std::string_view::npos && is_one_of(base.substr(dot + 1), {"log", "out", "err", "txt", "json", "jsonl", "ndjson",
                                                                           "logfmt", "warn", "info", "error"});
}

// Text in UTF-16 has NUL bytes too, but a byte order mark.
bool is_binary(std::string_view head) {
  if (!compression_of(head).empty()) return false;
  if (head.starts_with("\xff\xfe") || head.starts_with("\xfe\xff")) return false;
  return head.find('\0') != std::string_view::npos;
}

class Finder {
 public:
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
    if (only_logs && is_binary({head.data(), static_cast<std::size_t>(count)})) return;
    if (found_.files.size() >= max_files) {
      full_ = true;
      found_.problems.push_back({ErrorKind::limit, "more than " + std::to_string(max_files) + " files; the others are left out",
                                 path.parent_path().string(), 0, 0});
      return;
    }
    ids_.emplace_back(info.st_dev, info.st_ino);
    found_.files.push_back(path.lexically_normal());
  }

  void walk(const fs::path& folder, int depth) {
    for (const auto& [name, type] : list(folder)) {
      if (name[0] == '.') continue;
      if (type == DT_DIR) {
        if (depth < max_depth) walk(folder / name, depth + 1);
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

  // Sorted by path; of several names for one file the first stays.
  FoundFiles finish() {
    std::vector<std::size_t> order(found_.files.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return found_.files[a] < found_.files[b]; });
    std::set<std::pair<dev_t, ino_t>> seen;
    FoundFiles result;
    for (const std::size_t i : order) {
      if (seen.insert(ids_[i]).second) result.files.push_back(std::move(found_.files[i]));
    }
    result.problems = std::move(found_.problems);
    return result;
  }

 private:
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

  FoundFiles found_;
  std::vector<std::pair<dev_t, ino_t>> ids_;  // beside found_.files
  std::size_t entries_seen_ = 0;
  bool full_ = false;
};

Result<FoundFiles> named_file(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0) return fail_io("cannot open", path.string(), errno);
  struct stat info {};
  const bool regular = ::fstat(file, &info) == 0 && S_ISREG(info.st_mode);
  ::close(file);
  if (!regular) return fail(ErrorKind::io, "is not a regular file", path.string(), EINVAL);
  return FoundFiles{{path.lexically_normal()}, {}};
}

}  // namespace

Result<FoundFiles> find_files(const std::string& pattern, const fs::path& base) {
  if (pattern.empty()) return fail(ErrorKind::invalid_argument, "an empty path names no log");
  if (pattern.find('\0') != std::string::npos) return fail(ErrorKind::invalid_argument, "a path cannot hold a NUL byte");
  const fs::path path = base / pattern;
  Finder finder;
  std::error_code failure;
  const fs::file_status status = fs::status(path, failure);
  const bool glob = pattern.find_first_of("*?[") != std::string::npos;
  if (fs::is_directory(status)) {
    finder.walk(path, 0);
    return finder.finish();
  }
  if (!glob || fs::exists(status)) return named_file(path);
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
