#include "scripting/plugin_catalog.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "engine/base/ids.h"
#include "scripting/plugin_bounds.h"
#include "scripting/plugin_manifest.h"
#include "scripting/plugin_switches.h"
#include "scripting/requirements.h"
#include "scripting/user_plugins.h"

namespace conclave::scripting {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_manifest = 1U << 20U;
constexpr std::size_t largest_file = 32U << 20U;
constexpr std::size_t largest_plugin = 256U << 20U;
constexpr std::size_t most_files = 10'000;
constexpr std::string_view manifest_name = "plugin.toml";
constexpr std::string_view lock_name = "requirements.lock";

// A whole regular file. Never blocks on a FIFO and never reads more than `limit`.
Result<std::string> read_whole(const fs::path& path, std::size_t limit) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return fail_io("cannot open", path.string(), errno);
  const auto close_file = [](const int* fd) { ::close(*fd); };
  const std::unique_ptr<const int, decltype(close_file)> closer(&file, close_file);
  struct stat status {};
  if (::fstat(file, &status) != 0) return fail_io("cannot read", path.string(), errno);
  if (!S_ISREG(status.st_mode)) return fail(ErrorKind::unsupported, "not a regular file", path.string());
  std::string bytes;
  for (;;) {
    if (bytes.size() > limit) {
      return fail(ErrorKind::limit, "larger than the " + std::to_string(limit >> 20U) + " MiB a plugin may have here",
                  path.string());
    }
    constexpr std::size_t step = 1U << 16U;
    const std::size_t old_size = bytes.size();
    bytes.resize(old_size + step);
    const ssize_t count = ::read(file, bytes.data() + old_size, step);
    bytes.resize(old_size + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_io("cannot read", path.string(), errno);
    if (count == 0) return bytes;
  }
}

Result<std::vector<fs::path>> entries_of(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    entries.push_back(entry->path());
    if (entries.size() > most_files) {
      return fail(ErrorKind::limit, "more than " + std::to_string(most_files) + " files", folder.string());
    }
  }
  if (error) return fail_io("cannot list", folder.string(), error.value());
  std::sort(entries.begin(), entries.end());
  return entries;
}

// "<relative name> <digest>\n" per file, in order of name: the text whose digest is the plugin's. Links to files count with what
// they point to; links to folders are refused, so that no code can hide from the digest or loop.
Result<void> digest_folder(const fs::path& folder, const std::string& prefix, std::string& listing, std::size_t& bytes,
                           int depth) {
  if (depth > 16) return fail(ErrorKind::limit, "folders nested deeper than 16", folder.string());
  const auto entries = entries_of(folder);
  if (!entries) return tl::unexpected(entries.error());
  for (const fs::path& entry : *entries) {
    if (!is_content(entry)) continue;
    const std::string name = prefix + entry.filename().string();
    std::error_code error;
    if (fs::is_directory(fs::symlink_status(entry, error))) {
      if (auto inner = digest_folder(entry, name + "/", listing, bytes, depth + 1); !inner) return inner;
      continue;
    }
    if (fs::is_directory(entry, error)) {
      return fail(ErrorKind::unsupported, "a plugin may not hold links to folders", entry.string());
    }
    const auto content = read_whole(entry, largest_file);
    if (!content) return tl::unexpected(content.error());
    bytes += content->size();
    listing += name + '\0' + sha256(*content) + '\n';
    if (bytes > largest_plugin || listing.size() > most_files * 256) {
      return fail(ErrorKind::limit, "a plugin larger than " + std::to_string(largest_plugin >> 20U) + " MiB", folder.string());
    }
  }
  return {};
}

bool speaks_of_start(std::string_view source) { return source.find("on_startup") != std::string_view::npos; }

// The exact packages the author chose. A lock that leaves out what the manifest needs would only fail later, inside the plugin.
Result<void> read_requirements_lock(const fs::path& file, PluginInfo& info) {
  if (info.requirements.empty()) return {};
  const auto text = read_whole(file, largest_manifest);
  if (!text && text.error().os_error == ENOENT) return {};
  if (!text) return tl::unexpected(text.error());
  const auto locked = parse_lock(*text, file.string());
  if (!locked) return tl::unexpected(locked.error());
  for (const std::string& wanted : info.requirements) {
    const auto requirement = parse_requirement(wanted);
    const bool there =
        std::any_of(locked->begin(), locked->end(), [&](const Requirement& one) { return one.name == requirement->name; });
    if (!there && requirement->marker.empty())
      return fail(ErrorKind::parse, "'" + requirement->name + "' is missing, which plugin.toml needs", file.string());
  }
  for (const Requirement& one : *locked) info.locked.push_back(one.text);
  return {};
}

Result<PluginInfo> read_folder(const fs::path& folder, Trust trust) {
  PluginInfo info;
  info.path = folder;
  info.trust = trust;
  const fs::path manifest = folder / manifest_name;
  const auto text = read_whole(manifest, largest_manifest);
  if (!text && text.error().os_error == ENOENT) {
    return fail(ErrorKind::not_found, "there is no plugin.toml in it, so it is no plugin; folders of plugins go with --plugins",
                folder.string());
  }
  if (!text) return tl::unexpected(text.error());
  if (auto read = read_manifest(*text, manifest.string(), info); !read) return tl::unexpected(std::move(read.error()));
  std::error_code error;
  if (!fs::is_regular_file(folder / (info.module + ".py"), error) &&
      !fs::is_regular_file(folder / info.module / "__init__.py", error)) {
    return fail(ErrorKind::parse, "entry names the module '" + info.module + "', but there is no " + info.module + ".py",
                manifest.string());
  }
  if (info.kind == "hook") {
    const auto source = read_whole(folder / (info.module + ".py"), largest_file);
    info.runs_at_start = source && speaks_of_start(*source);
  }
  if (auto read = read_requirements_lock(folder / lock_name, info); !read) return tl::unexpected(std::move(read.error()));
  std::string listing;
  std::size_t bytes = 0;
  if (auto digest = digest_folder(folder, "", listing, bytes, 0); !digest) return tl::unexpected(std::move(digest.error()));
  info.sha256 = sha256(listing);
  return info;
}

// An empty name means: a Python file, but no plugin.
Result<PluginInfo> read_single_file(const fs::path& file, Trust trust) {
  PluginInfo info;
  info.path = file;
  info.trust = trust;
  info.module = file.stem().string();
  info.name = info.module;
  const auto source = read_whole(file, largest_file);
  if (!source) return tl::unexpected(source.error());
  const auto is_plugin = read_file_header(*source, file.string(), info);
  if (!is_plugin) return tl::unexpected(is_plugin.error());
  if (!*is_plugin) info.name.clear();
  info.runs_at_start = info.kind == "hook" && speaks_of_start(*source);
  info.sha256 = sha256(file.filename().string() + '\0' + sha256(*source) + '\n');
  return info;
}

// A search through folders of one kind.
struct Reader {
  Trust trust;
  Origin origin;
  PluginCatalog& catalog;

  void add(Result<PluginInfo> plugin, const fs::path& path) const {
    if (!plugin) {
      catalog.problems.push_back({path, plugin.error().text()});
      return;
    }
    if (plugin->name.empty()) return;
    plugin->origin = origin;
    if (origin == Origin::user) {
      if (auto yours = check_only_yours(path, true); !yours) {
        catalog.problems.push_back({path, yours.error().text()});
        return;
      }
    }
    if (const PluginInfo* earlier = catalog.find(plugin->name)) {
      // Named folders are read first, then the user's: what they hide of others is meant so.
      if (earlier->origin == origin) {
        catalog.problems.push_back({path, "there is already a plugin named '" + plugin->name + "': " + earlier->path.string()});
      }
      return;
    }
    catalog.plugins.push_back(std::move(*plugin));
  }

  void read_all(const fs::path& folder, bool search_groups) const {
    const auto entries = entries_of(folder);
    if (!entries) {
      catalog.problems.push_back({folder, entries.error().text()});
      return;
    }
    for (const fs::path& entry : *entries) {
      if (!is_content(entry)) continue;
      std::error_code error;
      const fs::file_status status = fs::status(entry, error);
      const std::string name = entry.filename().string();
      if (error && error != std::errc::no_such_file_or_directory) {
        catalog.problems.push_back({entry, "cannot read: " + error.message()});
      } else if (!fs::is_directory(status)) {
        if (entry.extension() == ".py") add(read_single_file(entry, trust), entry);
      } else if (fs::exists(fs::symlink_status(entry / manifest_name, error))) {
        add(read_folder(entry, trust), entry);
      } else if (search_groups &&
                 (name == "experts" || name == "hooks" || name == "rules" || name == "embeddings" || name == "probes")) {
        read_all(entry, false);
      }
    }
  }

  // A folder of plugins, or of one.
  void read(const fs::path& folder) const {
    std::error_code error;
    if (fs::exists(fs::symlink_status(folder / manifest_name, error))) {
      add(read_folder(folder, trust), folder);
    } else {
      read_all(folder, true);
    }
  }
};

// By name.
PluginCatalog sorted(PluginCatalog catalog) {
  std::sort(catalog.plugins.begin(), catalog.plugins.end(),
            [](const PluginInfo& a, const PluginInfo& b) { return a.name < b.name; });
  return catalog;
}

}  // namespace

const PluginInfo* PluginCatalog::find(std::string_view name) const {
  const auto found = std::find_if(plugins.begin(), plugins.end(), [&](const PluginInfo& plugin) { return plugin.name == name; });
  return found == plugins.end() ? nullptr : &*found;
}

std::string_view origin_name(Origin origin) {
  switch (origin) {
    case Origin::shipped:
      return "shipped";
    case Origin::user:
      return "user";
    case Origin::folder:
      return "folder";
    case Origin::subject:
      break;
  }
  return "case";
}

bool is_content(const fs::path& path) {
  const std::string name = path.filename().string();
  return !name.starts_with('.') && name != "__pycache__" && !name.ends_with(".pyc");
}

bool in_default_circle(const PluginInfo& plugin) {
  return plugin.kind == "expert" && (plugin.origin == Origin::shipped || plugin.origin == Origin::user);
}

std::string_view trust_name(Trust trust) {
  switch (trust) {
    case Trust::shipped:
      return "shipped";
    case Trust::trusted:
      return "trusted";
    case Trust::named:
      return "named";
    case Trust::untrusted:
      break;
  }
  return "untrusted";
}

bool runs_isolated(const PluginInfo& plugin) {
  return plugin.runner == "isolated" || !plugin.requirements.empty() ||
         (plugin.trust != Trust::shipped && plugin.trust != Trust::trusted);
}

PluginInfo as_trusted(PluginInfo plugin, const std::vector<std::string>& trusted) {
  const bool is_named = std::find(trusted.begin(), trusted.end(), plugin.name) != trusted.end();
  if (plugin.trust != Trust::shipped && is_named && plugin.trustable) plugin.trust = Trust::trusted;
  return plugin;
}

PluginCatalog read_catalog(const fs::path& shipped, const std::vector<fs::path>& named, const fs::path& user) {
  PluginCatalog catalog;
  for (const fs::path& folder : named) Reader{Trust::named, Origin::folder, catalog}.read(folder);
  std::error_code error;
  if (!user.empty() && fs::exists(user, error)) {
    if (auto yours = check_only_yours(user, false); yours) {
      Reader{Trust::named, Origin::user, catalog}.read_all(user, true);
    } else {
      catalog.problems.push_back({user, yours.error().text()});
    }
  }
  if (!shipped.empty()) Reader{Trust::shipped, Origin::shipped, catalog}.read(shipped);
  return sorted(std::move(catalog));
}

PluginCatalog read_plugins_in(const fs::path& folder, Trust trust, Origin origin) {
  PluginCatalog catalog;
  Reader{trust, origin, catalog}.read_all(folder, true);
  return sorted(std::move(catalog));
}

void mark_what_may_run(std::vector<PluginInfo>& plugins, std::vector<PluginProblem>& problems) {
  const auto disabled = read_disabled();
  if (!disabled) problems.push_back({switches_file(), disabled.error().text()});
  const auto policy = policy_in_force();
  if (!policy) problems.push_back({"policy.toml", policy.error().text()});
  for (PluginInfo& plugin : plugins) {
    plugin.enabled = disabled && !disabled->contains(plugin.name);
    if (policy)
      plugin = within(*policy, std::move(plugin));
    else
      plugin.forbidden = policy.error().text();
  }
}

PluginCatalog read_users_catalog(const fs::path& shipped, const std::vector<fs::path>& named) {
  PluginCatalog catalog = read_catalog(shipped, named, user_plugins_folder());
  mark_what_may_run(catalog.plugins, catalog.problems);
  return catalog;
}

Result<PluginInfo> read_users_plugin(const fs::path& path, Trust trust) {
  auto plugin = read_plugin(path, trust);
  if (!plugin) return plugin;
  const auto disabled = read_disabled();
  if (!disabled) return tl::unexpected(disabled.error());
  const auto policy = policy_in_force();
  if (!policy) return tl::unexpected(policy.error());
  plugin->enabled = !disabled->contains(plugin->name);
  return within(*policy, std::move(*plugin));
}

Result<PluginInfo> read_plugin(const fs::path& path, Trust trust) {
  std::error_code error;
  if (fs::is_directory(path, error)) return read_folder(path, trust);
  auto plugin = read_single_file(path, trust);
  if (plugin && plugin->name.empty()) {
    return fail(ErrorKind::parse, "no expert in it: decorate a function with @conclave.expert", path.string());
  }
  return plugin;
}

}  // namespace conclave::scripting
