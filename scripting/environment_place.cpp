#include "scripting/environment_place.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <utility>

#include "scripting/environments.h"
#include "scripting/replace_file.h"

namespace conclave::scripting {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t key_size = 32;
constexpr std::size_t most_plugins = 100;
constexpr std::size_t largest_file = std::size_t{4} << 20U;

bool is_key(const std::string& name) {
  return name.size() == key_size && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

fs::path resolved(const fs::path& path) {
  std::error_code error;
  const fs::path result = fs::weakly_canonical(path, error);
  return error ? path : result;
}

}  // namespace

EnvironmentPlace::EnvironmentPlace(const std::string& name)
    : key(name),
      folder(environments_folder() / name),
      record(folder / "environment.json"),
      lock(folder.string() + ".lock"),
      log(folder.string() + ".log"),
      failed(folder.string() + ".failed"),
      fresh(folder.string() + ".new"),
      old(folder.string() + ".old") {}

Result<std::vector<std::string>> environment_keys() {
  std::vector<std::string> keys;
  std::error_code error;
  for (fs::directory_iterator entry(environments_folder(), error), end; !error && entry != end; entry.increment(error)) {
    if (std::string key = entry->path().stem().string(); is_key(key)) keys.push_back(std::move(key));
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return fail_io("cannot list", environments_folder().string(), error.value());
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

std::optional<std::string> trouble_of(const EnvironmentPlace& place) {
  struct stat info {};
  if (::lstat(place.folder.c_str(), &info) != 0) return errno == ENOENT ? "" : "it cannot be read";
  if (!S_ISDIR(info.st_mode) || info.st_uid != ::geteuid() || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return "others than you may change it";
  const json record = read_record(place);
  if (!record.is_object() || record.value("environment", json()) != 1 || record.value("key", json()) != place.key)
    return "its record is missing";
  std::error_code error;
  if (!fs::exists(place.folder / "bin" / "python", error)) return "its Python is gone";
  for (const std::string& folder : texts_in(record, "folders")) {
    if (!fs::is_directory(place.folder / folder, error)) return "a package is gone: " + fs::path(folder).stem().string();
  }
  return std::nullopt;
}

json read_record(const EnvironmentPlace& place) { return json::parse(read_small(place.record), nullptr, false); }

std::vector<std::string> texts_in(const json& object, const char* name) {
  std::vector<std::string> list;
  if (!object.is_object()) return list;
  const auto found = object.find(name);
  if (found == object.end() || !found->is_array()) return list;
  for (const json& item : *found) {
    if (item.is_string()) list.push_back(item);
  }
  return list;
}

std::string last_failure(const EnvironmentPlace& place) {
  std::string why = read_small(place.failed);
  while (why.ends_with('\n')) why.pop_back();
  return why;
}

std::string read_small(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error) || fs::file_size(file, error) > largest_file) return {};
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

Result<std::optional<Descriptor>> take_lock(const EnvironmentPlace& place, int how) {
  for (;;) {
    Descriptor file(::open(place.lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return fail_io("cannot open", place.lock.string(), errno);
    if (::flock(file.get(), how | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno == EWOULDBLOCK) return std::nullopt;
      return fail_io("cannot lock", place.lock.string(), errno);
    }
    struct stat here {};
    struct stat there {};
    if (::fstat(file.get(), &here) == 0 && ::stat(place.lock.c_str(), &there) == 0 && here.st_ino == there.st_ino)
      return std::optional<Descriptor>(std::move(file));
    // It was removed with its environment before it was ours.
  }
}

json environment_user(const PluginInfo& plugin) { return {{"name", plugin.name}, {"path", resolved(plugin.path).string()}}; }

void note_use(const EnvironmentPlace& place, const Descriptor& lock, const PluginInfo& plugin) {
  ::futimens(lock.get(), nullptr);
  json record = read_record(place);
  if (!record.is_object()) return;
  json& plugins = record["plugins"];
  if (!plugins.is_array()) plugins = json::array();
  const json user = environment_user(plugin);
  if (std::find(plugins.begin(), plugins.end(), user) != plugins.end() || plugins.size() >= most_plugins) return;
  plugins.push_back(user);
  (void)replace_file(place.record, record.dump(2, ' ', false, json::error_handler_t::replace) + "\n", 0600);
}

void remove_leftovers(const EnvironmentPlace& place) {
  std::error_code error;
  fs::remove_all(place.fresh, error);
  fs::remove_all(place.old, error);
}

Result<void> move_into_place(const EnvironmentPlace& place) {
  if (const Descriptor folder{::open(place.fresh.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)}; folder)
    ::syncfs(folder.get());  // complete also after a loss of power
  if (::rename(place.folder.c_str(), place.old.c_str()) != 0 && errno != ENOENT)
    return fail_io("cannot replace", place.folder.string(), errno);
  if (::rename(place.fresh.c_str(), place.folder.c_str()) != 0) return fail_io("cannot make", place.folder.string(), errno);
  return {};
}

Result<void> remove_environment(const EnvironmentPlace& place) {
  remove_leftovers(place);
  if (::rename(place.folder.c_str(), place.old.c_str()) != 0 && errno != ENOENT)
    return fail_io("cannot remove", place.folder.string(), errno);
  std::error_code error;
  fs::remove_all(place.old, error);
  if (error) return fail_io("cannot remove", place.old.string(), error.value());
  for (const fs::path& file : {place.log, place.failed, place.lock}) ::unlink(file.c_str());
  return {};
}

}  // namespace conclave::scripting
