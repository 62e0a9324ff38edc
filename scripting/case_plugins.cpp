#include "scripting/case_plugins.h"

#include <algorithm>
#include <utility>

#include "scripting/consent.h"

namespace conclave::scripting {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> named_paths(const Case& subject) {
  std::vector<fs::path> paths;
  for (const ExpertChoice& choice : subject.experts) {
    if (!is_plugin_path(choice.name)) continue;
    const fs::path path = choice.name;
    paths.push_back((path.is_relative() ? subject.base / path : path).lexically_normal());
  }
  return paths;
}

// What the folder holds, without what the case names by path.
PluginCatalog in_folder(const Case& subject, const std::vector<PluginInfo>& named) {
  const fs::path folder = case_plugins_folder(subject);
  std::error_code error;
  if (folder.empty() || !fs::exists(folder, error)) return {};
  PluginCatalog found = read_plugins_in(folder, Trust::untrusted, Origin::subject);
  std::erase_if(found.plugins, [&](const PluginInfo& plugin) {
    return std::any_of(named.begin(), named.end(),
                       [&](const PluginInfo& other) { return fs::equivalent(plugin.path, other.path, error); });
  });
  return found;
}

}  // namespace

bool is_plugin_path(std::string_view name) { return name.find('/') != std::string_view::npos || name.ends_with(".py"); }

fs::path case_plugins_folder(const Case& subject) { return subject.file.empty() ? fs::path() : subject.base / "plugins"; }

CasePlugins read_case_plugins(const Case& subject) {
  CasePlugins found;
  const auto lock = read_lock(subject.base);
  if (!lock) found.problems.push_back({lock_file(subject.base), lock.error().message});
  for (const fs::path& path : named_paths(subject)) {
    if (auto plugin = read_plugin(path, Trust::untrusted); plugin) {
      found.plugins.push_back(std::move(*plugin));
    } else {
      found.problems.push_back({path, plugin.error().text()});
    }
  }
  PluginCatalog beside = in_folder(subject, found.plugins);
  std::move(beside.plugins.begin(), beside.plugins.end(), std::back_inserter(found.plugins));
  std::move(beside.problems.begin(), beside.problems.end(), std::back_inserter(found.problems));
  for (PluginInfo& plugin : found.plugins) {
    plugin.origin = Origin::subject;
    if (lock && agreed(*lock, plugin)) plugin.trust = Trust::named;
  }
  mark_what_may_run(found.plugins, found.problems);
  return found;
}

Result<CasePlugins> agree_to_case(const Case& subject) {
  CasePlugins agreed_to;
  for (const fs::path& path : named_paths(subject)) {
    auto plugin = read_plugin(path, Trust::named);
    if (!plugin) return tl::unexpected(std::move(plugin.error()));
    agreed_to.plugins.push_back(std::move(*plugin));
  }
  PluginCatalog beside = in_folder(subject, agreed_to.plugins);
  std::move(beside.plugins.begin(), beside.plugins.end(), std::back_inserter(agreed_to.plugins));
  agreed_to.problems = std::move(beside.problems);
  for (PluginInfo& plugin : agreed_to.plugins) {
    plugin.trust = Trust::named;
    plugin.origin = Origin::subject;
  }
  if (auto written = write_lock(subject.base, agreed_to.plugins); !written) return tl::unexpected(std::move(written.error()));
  return agreed_to;
}

}  // namespace conclave::scripting
