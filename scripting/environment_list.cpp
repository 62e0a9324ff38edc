// What `conclave plugins environments` shows and removes.
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>

#include "scripting/environment_place.h"
#include "scripting/environments.h"

namespace conclave::scripting {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// On the disk.
Result<std::uint64_t> bytes_in(const fs::path& folder, Job& job) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (job.stopped()) return fail_cancelled();
    struct stat info {};
    if (::lstat(entry->path().c_str(), &info) == 0) bytes += static_cast<std::uint64_t>(info.st_blocks) * 512;
  }
  return bytes;
}

TimeUs time_of(const fs::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return 0;
  return static_cast<TimeUs>(info.st_mtim.tv_sec) * us_per_second + info.st_mtim.tv_nsec / 1000;
}

}  // namespace

Result<std::vector<EnvironmentEntry>> Environments::list(Job& job) const {
  const auto keys = environment_keys();
  if (!keys) return tl::unexpected(keys.error());
  std::vector<EnvironmentEntry> entries;
  std::error_code error;
  for (const std::string& key : *keys) {
    const EnvironmentPlace place(key);
    if (fs::exists(place.fresh, error) || fs::exists(place.old, error)) {
      if (const auto lock = take_lock(place, LOCK_EX); lock && *lock) remove_leftovers(place);
    }
    const auto wrong = trouble_of(place);
    if (wrong && wrong->empty()) continue;
    const json record = read_record(place);
    EnvironmentEntry entry{
        key, place.folder,       !wrong, wrong.value_or(""), texts_in(record, "requirements"), texts_in(record, "packages"), {},
        0,   time_of(place.lock)};
    for (const json& user : record.is_object() ? record.value("plugins", json::array()) : json::array()) {
      if (!user.is_object() || !user.value("path", json()).is_string()) continue;
      const auto plugin = read_plugin(user["path"].get<std::string>(), Trust::untrusted);
      if (plugin && key_of(*plugin) == key) entry.plugins.emplace_back(plugin->name, plugin->path);
    }
    const auto bytes = bytes_in(place.folder, job);
    if (!bytes) return tl::unexpected(bytes.error());
    entry.bytes = *bytes;
    entries.push_back(std::move(entry));
  }
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.last_use > b.last_use; });
  return entries;
}

Result<std::vector<EnvironmentEntry>> Environments::prune(Job& job) const {
  auto entries = list(job);
  if (!entries) return entries;
  std::erase_if(*entries, [](const EnvironmentEntry& entry) { return !entry.plugins.empty(); });
  std::vector<EnvironmentEntry> removed;
  for (EnvironmentEntry& entry : *entries) {
    const EnvironmentPlace place(entry.key);
    const auto lock = take_lock(place, LOCK_EX);
    if (!lock || !*lock) continue;
    if (auto done = remove_environment(place); !done) return tl::unexpected(std::move(done.error()));
    removed.push_back(std::move(entry));
  }
  // What failures left.
  const auto keys = environment_keys();
  if (!keys) return tl::unexpected(keys.error());
  for (const std::string& key : *keys) {
    const EnvironmentPlace place(key);
    if (trouble_of(place) != "") continue;
    const auto lock = take_lock(place, LOCK_EX);
    if (!lock || !*lock) continue;
    if (auto done = remove_environment(place); !done) return tl::unexpected(std::move(done.error()));
  }
  return removed;
}

}  // namespace conclave::scripting
