#include "scripting/user_plugins.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "engine/base/folders.h"
#include "engine/base/text.h"

namespace conclave::scripting {
namespace {

namespace fs = std::filesystem;

Result<void> check_one(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return fail_io("cannot examine", path.string(), errno);
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    return fail(ErrorKind::security, "belongs to another user, so nothing in it runs", path.string());
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(ErrorKind::security, "others than you may write it, so nothing in it runs; if they did not: chmod -R go-w",
                path.string());
  }
  return {};
}

// A hidden folder beside the plugins, in which one is made ready or taken apart. Gone with this.
class Workshop {
 public:
  static Result<Workshop> in(const fs::path& folder) {
    std::string name = (folder / ".work-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) return fail_io("cannot make a folder", folder.string(), errno);
    return Workshop(name);
  }
  Workshop(Workshop&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Workshop& operator=(Workshop&&) = delete;
  ~Workshop() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  explicit Workshop(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

Result<void> copy_one(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy_file(from, to, error);  // refuses what is no regular file
  if (error) return fail_io("cannot copy", from.string(), error.value());
  const bool runs = (fs::status(to, error).permissions() & fs::perms::owner_exec) != fs::perms::none;
  if (!error) fs::permissions(to, fs::perms(runs ? 0755 : 0644), error);
  if (error) return fail_io("cannot copy", from.string(), error.value());
  return {};
}

// read_plugin() has found that it is no deeper and no larger than a plugin may be.
Result<void> copy_folder(const fs::path& from, const fs::path& to) {
  if (::mkdir(to.c_str(), 0755) != 0) return fail_io("cannot make", to.string(), errno);
  std::error_code error;
  for (fs::directory_iterator entry(from, error), end; !error && entry != end; entry.increment(error)) {
    if (!is_content(entry->path())) continue;
    const fs::path target = to / entry->path().filename();
    std::error_code ignored;
    auto copied =
        fs::is_directory(entry->symlink_status(ignored)) ? copy_folder(entry->path(), target) : copy_one(entry->path(), target);
    if (!copied) return copied;
  }
  if (error) return fail_io("cannot list", from.string(), error.value());
  return {};
}

// Puts `fresh` at `target`. What is there goes to `old`, in one step where the file system can; nothing may be there if `old` is
// empty.
Result<void> put_in_place(const fs::path& fresh, const fs::path& target, const fs::path& old) {
  const unsigned how = old.empty() ? RENAME_NOREPLACE : RENAME_EXCHANGE;
  if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, target.c_str(), how) == 0) {
    std::error_code ignored;
    if (!old.empty()) fs::rename(fresh, old, ignored);
    return {};
  }
  if (errno != ENOSYS && errno != EINVAL) return fail_io("cannot install", target.string(), errno);
  std::error_code error;
  if (old.empty() && fs::exists(fs::symlink_status(target, error))) return fail_io("cannot install", target.string(), EEXIST);
  if (!old.empty() && ::rename(target.c_str(), old.c_str()) != 0) return fail_io("cannot replace", target.string(), errno);
  if (::rename(fresh.c_str(), target.c_str()) == 0) return {};
  const int why = errno;
  if (!old.empty()) (void)::rename(old.c_str(), target.c_str());
  return fail_io("cannot install", target.string(), why);
}

Result<fs::path> make_users_folder() {
  fs::path folder = user_plugins_folder();
  std::error_code error;
  fs::create_directories(folder.parent_path(), error);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return fail_io("cannot make the folder", folder.string(), errno);
  if (auto yours = check_only_yours(folder, false); !yours) return tl::unexpected(std::move(yours.error()));
  return folder;
}

}  // namespace

fs::path user_plugins_folder() { return user_data_folder() / "plugins"; }

Result<void> check_only_yours(const fs::path& path, bool within) {
  if (auto yours = check_one(path); !yours) return yours;
  std::error_code error;
  if (!within || !fs::is_directory(path, error)) return {};
  for (fs::recursive_directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    if (auto yours = check_one(entry->path()); !yours) return yours;
  }
  if (error) return fail_io("cannot list", path.string(), error.value());
  return {};
}

Result<PluginInfo> install_plugin(const fs::path& from, const fs::path& shipped, bool replace) {
  const fs::path source = (from.has_filename() ? from : from.parent_path()).lexically_normal();
  const auto plugin = read_plugin(source, Trust::named);
  if (!plugin) return plugin;
  const PluginCatalog known = read_catalog(shipped, {});
  if (const PluginInfo* same = known.find(plugin->name)) {
    return fail(ErrorKind::invalid_argument, "there is a shipped plugin named '" + plugin->name + "': " + same->path.string(),
                source.string());
  }
  const auto folder = make_users_folder();
  if (!folder) return tl::unexpected(folder.error());
  std::error_code error;
  const bool is_folder = fs::is_directory(source, error);
  const fs::path target = *folder / (is_folder ? fs::path(plugin->name) : source.filename());
  if (!is_content(target))
    return fail(ErrorKind::invalid_argument, "a plugin cannot be installed under this name", target.string());

  const PluginCatalog installed = read_catalog({}, {}, *folder);
  const PluginInfo* earlier = installed.find(plugin->name);
  if (earlier != nullptr && !replace) {
    return fail(ErrorKind::invalid_argument,
                "there is already a plugin named '" + plugin->name + "' (version " +
                    (earlier->version.empty() ? "not given" : earlier->version) + "); replace it with --replace",
                earlier->path.string());
  }
  const bool taken = fs::exists(fs::symlink_status(target, error));
  if (taken && (earlier == nullptr || earlier->path != target)) {
    for (const PluginInfo& other : installed.plugins) {
      if (other.path == target) {
        return fail(ErrorKind::invalid_argument, "this file holds another plugin, '" + other.name + "'", target.string());
      }
    }
    if (!replace) return fail(ErrorKind::invalid_argument, "is there already; replace it with --replace", target.string());
  }

  const auto workshop = Workshop::in(*folder);
  if (!workshop) return tl::unexpected(workshop.error());
  const fs::path fresh = workshop->path() / target.filename();
  if (auto copied = is_folder ? copy_folder(source, fresh) : copy_one(source, fresh); !copied) {
    return tl::unexpected(std::move(copied.error()));
  }
  const auto copy = read_plugin(fresh, Trust::named);
  if (!copy) return copy;
  if (copy->sha256 != plugin->sha256) return fail(ErrorKind::io, "changed while it was copied", source.string());
  if (auto placed = put_in_place(fresh, target, taken ? workshop->path() / "old" : fs::path()); !placed) {
    return tl::unexpected(std::move(placed.error()));
  }
  if (earlier != nullptr && earlier->path != target) {
    (void)::rename(earlier->path.c_str(), (workshop->path() / "earlier").c_str());
  }
  PluginInfo result = *copy;
  result.path = target;
  result.origin = Origin::user;
  return result;
}

Result<fs::path> remove_plugin(const std::string& name) {
  const fs::path folder = user_plugins_folder();
  const PluginCatalog installed = read_catalog({}, {}, folder);
  fs::path path;
  if (const PluginInfo* plugin = installed.find(name)) {
    path = plugin->path;
  } else {
    for (const PluginProblem& problem : installed.problems) {  // what cannot be used must be removable, too
      if (problem.path != folder && (problem.path.filename() == name || problem.path.stem() == name)) path = problem.path;
    }
  }
  if (path.empty()) {
    std::vector<std::string_view> known;
    for (const PluginInfo& plugin : installed.plugins) known.emplace_back(plugin.name);
    return fail(ErrorKind::not_found, "there is no plugin '" + name + "' in " + folder.string() + did_you_mean(name, known));
  }
  const auto workshop = Workshop::in(folder);
  if (!workshop) return tl::unexpected(workshop.error());
  if (::rename(path.c_str(), (workshop->path() / "removed").c_str()) != 0) {
    return fail_io("cannot remove", path.string(), errno);
  }
  return path;
}

}  // namespace conclave::scripting
