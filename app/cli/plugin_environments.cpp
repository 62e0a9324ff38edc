#include "app/cli/plugin_environments.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>

#include "app/cli/logging.h"
#include "app/cli/places.h"
#include "app/cli/program.h"
#include "app/cli/terminal.h"
#include "engine/base/text.h"
#include "scripting/script_host.h"

namespace conclave::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using scripting::EnvironmentEntry;
using scripting::Environments;
using Kind = scripting::EnvironmentState::Kind;

struct Arguments {
  std::string plugin;
  std::vector<std::string> folders;
  bool remove = false;
  bool rebuild = false;
  bool prune = false;
  bool json = false;
};

json text_or_null(const std::string& text) { return text.empty() ? json() : json(text); }

json as_json(const EnvironmentEntry& entry) {
  json plugins = json::array();
  for (const auto& [name, path] : entry.plugins) plugins.push_back({{"name", name}, {"path", path.string()}});
  return {{"key", entry.key},
          {"folder", entry.folder.string()},
          {"state", entry.ready ? "ready" : "broken"},
          {"why", text_or_null(entry.why)},
          {"requirements", entry.requirements},
          {"packages", entry.packages},
          {"plugins", plugins},
          {"bytes", entry.bytes},
          {"last_use", entry.last_use == 0 ? json() : json(format_time(entry.last_use))}};
}

Result<scripting::PluginInfo> find_plugin(const Arguments& arguments) {
  std::error_code error;
  const fs::path path = arguments.plugin;
  if (arguments.plugin.find('/') != std::string::npos || path.extension() == ".py" || fs::is_directory(path, error))
    return scripting::read_users_plugin(path, scripting::Trust::named);
  const auto catalog = scripting::read_users_catalog(shipped_plugins(), {arguments.folders.begin(), arguments.folders.end()});
  if (const auto* plugin = catalog.find(arguments.plugin)) return *plugin;
  std::vector<std::string_view> known;
  for (const scripting::PluginInfo& plugin : catalog.plugins) known.push_back(plugin.name);
  return fail(ErrorKind::not_found, "there is no plugin '" + arguments.plugin + "'" + did_you_mean(arguments.plugin, known));
}

// The row of the environment in `folder`.
Result<std::optional<EnvironmentEntry>> entry_of(const Environments& environments, const fs::path& folder, Job& job) {
  auto entries = environments.list(job);
  if (!entries) return tl::unexpected(std::move(entries.error()));
  const auto found = std::find_if(entries->begin(), entries->end(), [&](const auto& entry) { return entry.folder == folder; });
  if (found == entries->end()) return std::nullopt;
  return std::move(*found);
}

std::string text_of(const EnvironmentEntry& entry) {
  std::string text = (entry.ready ? "ready: " : "broken (" + entry.why + "): ") + entry.folder.string() + "\n";
  for (const std::string& package : entry.packages) text += "  " + package + "\n";
  return text + human_bytes(static_cast<double>(entry.bytes)) + "\n";
}

int show_or_make(Program& program, const Arguments& arguments) {
  for (const std::string& folder : arguments.folders) {
    if (::access(folder.c_str(), R_OK) != 0) return program.failed(fail_io("cannot open", folder, errno).value());
  }
  const auto plugin = find_plugin(arguments);
  if (!plugin) return program.failed(plugin.error());
  const Environments environments = scripting::HostPaths::of_this_program().environments();
  if (!needs_environment(*plugin)) {
    program.remark("conclave: plugin '" + plugin->name + "' has no requirements, so it needs no environment");
    if (arguments.json)
      program.out.write(json_text({{"plugin", plugin->name}, {"environment", environment_json(environments.state(*plugin))}}));
    return exit_passed;
  }
  if (arguments.remove) {
    if (const auto removed = environments.remove(*plugin); !removed) return program.failed(removed.error());
    audit(program, {AuditLine{"plugin.environment.remove", plugin->name, plugin->sha256}});
    return exit_passed;
  }
  Running running(program, "environment of " + plugin->name);
  const bool makes = arguments.rebuild || environments.state(*plugin).kind != Kind::ready;
  if (makes) audit(program, {AuditLine{"plugin.environment", plugin->name, plugin->sha256}});
  const auto made =
      environments.prepare(*plugin, running.job(), arguments.rebuild ? Environments::How::anew : Environments::How::if_needed);
  if (running.interrupted()) return exit_interrupted;
  if (!made) {
    (void)program.failed(made.error());
    return exit_findings;
  }
  const auto entry = entry_of(environments, (*made)->folder, running.job());
  if (running.interrupted()) return exit_interrupted;
  if (!entry) return program.failed(entry.error());
  if (!*entry) return program.failed(fail(ErrorKind::not_found, "the environment was removed", (*made)->folder.string()).value());
  if (arguments.json) {
    json all = as_json(**entry);
    all["made"] = makes;
    program.out.write(json_text({{"plugin", plugin->name}, {"environment", std::move(all)}}));
  } else {
    program.out.write(text_of(**entry));
  }
  return exit_passed;
}

int list_or_prune(Program& program, const Arguments& arguments) {
  const Environments environments = scripting::HostPaths::of_this_program().environments();
  Running running(program, "environments");
  const auto entries = arguments.prune ? environments.prune(running.job()) : environments.list(running.job());
  if (running.interrupted()) return exit_interrupted;
  if (!entries) return program.failed(entries.error());
  if (arguments.prune) {
    for (const EnvironmentEntry& entry : *entries) audit(program, {AuditLine{"plugin.environment.remove", entry.key, ""}});
  }
  if (arguments.json) {
    json all = json::array();
    for (const EnvironmentEntry& entry : *entries) all.push_back(as_json(entry));
    program.out.write(json_text({{arguments.prune ? "removed" : "environments", all}}));
    return exit_passed;
  }
  if (entries->empty()) {
    program.remark(arguments.prune ? "conclave: every environment is needed" : "conclave: there are no environments");
    return exit_passed;
  }
  Table table({"ENVIRONMENT", "SIZE", "LAST USE", "STATE", "USED BY", "PACKAGES"});
  for (const EnvironmentEntry& entry : *entries) {
    std::string plugins;
    std::string packages;
    for (const auto& plugin : entry.plugins) plugins += (plugins.empty() ? "" : ", ") + plugin.first;
    for (const std::string& package : entry.packages) packages += (packages.empty() ? "" : ", ") + package;
    const std::string state = arguments.prune ? "removed" : entry.ready ? "ready" : "broken: " + entry.why;
    table.add({{entry.key},
               {human_bytes(static_cast<double>(entry.bytes)), Colour::none, true},
               {entry.last_use == 0 ? "never" : human_time(entry.last_use)},
               {state},
               {plugins.empty() ? "nothing" : plugins},
               {packages}});
  }
  program.out.write(table.text(wants_colour(STDOUT_FILENO)));
  return exit_passed;
}

}  // namespace

json environment_json(const scripting::EnvironmentState& state) {
  return {{"state", scripting::state_name(state.kind)},
          {"folder", text_or_null(state.folder.string())},
          {"why", text_or_null(state.why)}};
}

void add_plugin_environments(CLI::App& plugins, Program& program) {
  const auto arguments = std::make_shared<Arguments>();
  auto* one = plugins.add_subcommand(
      "environment", "Make the virtual environment that a plugin with requirements needs, unless it is there, and show it");
  one->add_option("PLUGIN", arguments->plugin, "The name of a plugin, or its path")->required()->type_name("NAME|PATH");
  one->add_option("--plugins", arguments->folders, "Another folder with plugins")->type_name("DIR");
  auto* remove = one->add_flag("--remove", arguments->remove, "Remove it instead");
  one->add_flag("--rebuild", arguments->rebuild, "Make it anew")->excludes(remove);
  one->add_flag("--json", arguments->json, "Print JSON")->excludes(remove);
  one->footer(
      "pip installs wheels only, from its index or what PIP_INDEX_URL and its settings say; no code of the packages runs "
      "meanwhile.\n"
      "Exit codes: 0 it is ready; 1 it cannot be made.");
  one->callback([&program, arguments] { program.chosen = [&program, arguments] { return show_or_make(program, *arguments); }; });

  auto* all = plugins.add_subcommand("environments", "The virtual environments of plugins: size, last use, and who uses them");
  all->add_flag("--prune", arguments->prune, "Remove those that no plugin needs any more");
  all->add_flag("--json", arguments->json, "Print JSON");
  all->callback([&program, arguments] { program.chosen = [&program, arguments] { return list_or_prune(program, *arguments); }; });
}

}  // namespace conclave::cli
