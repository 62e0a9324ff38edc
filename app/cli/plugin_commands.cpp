// plugins list, check, lock, enable, disable: metadata; none of them runs a plugin.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "app/cli/commands.h"
#include "app/cli/logging.h"
#include "app/cli/places.h"
#include "app/cli/plugin_environments.h"
#include "app/cli/plugin_installing.h"
#include "app/cli/plugin_making.h"
#include "app/cli/program.h"
#include "app/cli/terminal.h"
#include "engine/base/text.h"
#include "engine/case/case.h"
#include "scripting/case_plugins.h"
#include "scripting/plugin_catalog.h"
#include "scripting/plugin_switches.h"
#include "scripting/script_host.h"

namespace conclave::cli {
namespace {

struct Arguments {
  std::vector<std::string> folders;
  std::vector<std::string> paths;
  std::string case_file;
  bool json = false;
};

nlohmann::json as_json(const scripting::PluginInfo& plugin, const scripting::Environments& environments) {
  auto settings = nlohmann::json::array();
  for (const scripting::Setting& setting : plugin.settings) {
    settings.push_back(
        {{"name", setting.name}, {"type", setting.type}, {"default", setting.default_value}, {"help", setting.help}});
  }
  return {{"name", plugin.name},
          {"version", plugin.version},
          {"kind", plugin.kind},
          {"scope", plugin.scope},
          {"summary", plugin.summary},
          {"path", plugin.path.string()},
          {"sha256", plugin.sha256},
          {"trust", scripting::trust_name(plugin.trust)},
          {"from", scripting::origin_name(plugin.origin)},
          {"enabled", plugin.enabled},
          {"forbidden", plugin.forbidden.empty() ? nlohmann::json(nullptr) : nlohmann::json(plugin.forbidden)},
          {"requirements", plugin.requirements},
          {"network", plugin.network},
          {"requires_python", plugin.requires_python},
          {"settings", settings},
          {"environment", environment_json(environments.state(plugin))}};
}

nlohmann::json as_json(const std::vector<scripting::PluginProblem>& problems) {
  auto all = nlohmann::json::array();
  for (const scripting::PluginProblem& problem : problems)
    all.push_back({{"path", problem.path.string()}, {"message", problem.message}});
  return all;
}

int show(Program& program, const std::vector<scripting::PluginInfo>& plugins,
         const std::vector<scripting::PluginProblem>& problems, bool json) {
  for (const scripting::PluginProblem& problem : problems) program.complain(problem.path.string() + ": " + problem.message);
  if (json) {
    auto all = nlohmann::json::array();
    const auto environments = scripting::HostPaths::of_this_program().environments();
    for (const scripting::PluginInfo& plugin : plugins) all.push_back(as_json(plugin, environments));
    program.out.write(json_text({{"plugins", all}, {"problems", as_json(problems)}}));
  } else {
    Table table({"NAME", "VERSION", "KIND", "SCOPE", "FROM", "SUMMARY"});
    for (const scripting::PluginInfo& plugin : plugins) {
      std::string state(scripting::origin_name(plugin.origin));
      if (plugin.trust == scripting::Trust::untrusted) state += ", not agreed to";
      if (!plugin.enabled) state += ", disabled";
      if (!plugin.forbidden.empty()) state += ", forbidden";
      table.add({{plugin.name}, {plugin.version}, {plugin.kind}, {plugin.scope}, {state}, {plugin.summary}});
    }
    program.out.write(table.text(wants_colour(STDOUT_FILENO)));
  }
  return problems.empty() ? exit_passed : exit_findings;
}

// Folders that were named and are not there.
bool all_exist(Program& program, const std::vector<std::string>& paths) {
  bool fine = true;
  for (const std::string& path : paths) {
    if (::access(path.c_str(), R_OK) == 0) continue;
    program.failed(fail_io("cannot open", path, errno).value());
    fine = false;
  }
  return fine;
}

int list_plugins(Program& program, const Arguments& arguments) {
  if (!all_exist(program, arguments.folders)) return exit_usage;
  auto catalog = scripting::read_users_catalog(shipped_plugins(), {arguments.folders.begin(), arguments.folders.end()});
  if (!arguments.case_file.empty()) {
    const auto subject = load_case(arguments.case_file);
    if (!subject) return program.failed(subject.error());
    const auto of_case = scripting::read_case_plugins(*subject);
    catalog.plugins.insert(catalog.plugins.end(), of_case.plugins.begin(), of_case.plugins.end());
    catalog.problems.insert(catalog.problems.end(), of_case.problems.begin(), of_case.problems.end());
  }
  return show(program, catalog.plugins, catalog.problems, arguments.json);
}

int check_plugins(Program& program, const Arguments& arguments) {
  if (arguments.paths.empty()) return list_plugins(program, arguments);
  if (!all_exist(program, arguments.paths)) return exit_usage;
  std::vector<scripting::PluginInfo> plugins;
  std::vector<scripting::PluginProblem> problems;
  for (const std::string& path : arguments.paths) {
    auto plugin = scripting::read_plugin(path, scripting::Trust::named);
    if (plugin) {
      plugins.push_back(std::move(*plugin));
    } else {
      const Error& error = plugin.error();
      const bool elsewhere = !error.where.empty() && error.where != path;  // a line of the manifest, or a file of the plugin
      problems.push_back({path, elsewhere ? error.text() : error.message});
    }
  }
  return show(program, plugins, problems, arguments.json);
}

// Agrees to what comes with the case and writes that down beside it.
int lock_case(Program& program, const Arguments& arguments) {
  const auto subject = load_case(arguments.case_file);
  if (!subject) return program.failed(subject.error());
  const auto agreed = scripting::agree_to_case(*subject);
  if (!agreed) return program.failed(agreed.error());
  for (const scripting::PluginInfo& plugin : agreed->plugins) {
    audit(program, {AuditLine{"plugin.agree", plugin.name, plugin.sha256}});
  }
  return show(program, agreed->plugins, agreed->problems, arguments.json);
}

// A name that no plugin here has is remembered too: it may be another case's.
int switch_plugins(Program& program, const Arguments& arguments, bool enabled) {
  if (!all_exist(program, arguments.folders)) return exit_usage;
  const auto catalog = scripting::read_users_catalog(shipped_plugins(), {arguments.folders.begin(), arguments.folders.end()});
  std::vector<std::string_view> known;
  for (const scripting::PluginInfo& plugin : catalog.plugins) known.push_back(plugin.name);
  for (const std::string& name : arguments.paths) {
    if (const auto remembered = scripting::set_enabled(name, enabled); !remembered) return program.failed(remembered.error());
    const scripting::PluginInfo* plugin = catalog.find(name);
    if (plugin == nullptr) {
      program.remark("conclave: remembered; there is no plugin '" + name + "' here" + did_you_mean(name, known));
    }
    audit(program, {AuditLine{enabled ? "plugin.enable" : "plugin.disable", name, plugin == nullptr ? "" : plugin->sha256}});
  }
  return exit_passed;
}

}  // namespace

void add_plugin_commands(CLI::App& app, Program& program) {
  auto* group = app.add_subcommand("plugins", "Experts and hooks that can be used")->require_subcommand(1, 1);
  const auto arguments = std::make_shared<Arguments>();

  auto* list = group->add_subcommand("list", "Shipped plugins, your own, and those in the folders named");
  list->add_option("--plugins", arguments->folders, "Another folder with plugins")->type_name("DIR");
  list->add_option("--case", arguments->case_file, "Also what comes with this case")->type_name("CASE");
  list->add_flag("--json", arguments->json, "Print JSON");
  list->callback([&program, arguments] { program.chosen = [&program, arguments] { return list_plugins(program, *arguments); }; });

  auto* check =
      group->add_subcommand("check", "Say what is wrong with plugins, without running them; exit code 1 if anything is");
  check->add_option("PATH", arguments->paths,
                    "Folders with a plugin.toml, or single .py files; without any, all that list knows");
  check->add_option("--plugins", arguments->folders, "Another folder with plugins")->type_name("DIR");
  check->add_flag("--json", arguments->json, "Print JSON");
  check->callback(
      [&program, arguments] { program.chosen = [&program, arguments] { return check_plugins(program, *arguments); }; });

  auto* lock = group->add_subcommand("lock",
                                     "Agree to run what a case names by path or has in the folder plugins beside it: writes "
                                     "content hashes to conclave.lock");
  lock->add_option("CASE", arguments->case_file, "The case file; the lock is written beside it")->required();
  lock->add_flag("--json", arguments->json, "Print JSON");
  for (const bool enabled : {true, false}) {
    auto* command = group->add_subcommand(enabled ? "enable" : "disable",
                                          enabled ? "Let plugins run again that were disabled"
                                                  : "Let plugins no longer run, here and in the window, whoever asks for them");
    command->add_option("NAME", arguments->paths, "Names of plugins")->required();
    command->add_option("--plugins", arguments->folders, "Another folder with plugins")->type_name("DIR");
    command->callback([&program, arguments, enabled] {
      program.chosen = [&program, arguments, enabled] { return switch_plugins(program, *arguments, enabled); };
    });
  }
  add_plugin_installing(*group, program);
  add_plugin_making(*group, program);
  add_plugin_environments(*group, program);

  lock->callback([&program, arguments] { program.chosen = [&program, arguments] { return lock_case(program, *arguments); }; });
}

}  // namespace conclave::cli
