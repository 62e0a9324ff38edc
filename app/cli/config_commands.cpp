// config check.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <optional>

#include "app/cli/commands.h"
#include "app/cli/logging.h"
#include "app/cli/problems.h"
#include "app/cli/program.h"
#include "app/cli/scripts.h"
#include "app/cli/terminal.h"
#include "engine/case/audit.h"
#include "engine/config/infrastructure.h"
#include "engine/config/user_rules.h"
#include "scripting/circle.h"

namespace conclave::cli {
namespace {

std::string counted(std::size_t number, const std::string& noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

struct Arguments {
  std::vector<std::filesystem::path> paths;
  std::vector<std::string> plugins;
  std::vector<std::string> trusted;
  std::string fail_on = "warning";
  bool json = false;
};

using Files = std::vector<config::ConfigFile>;

// One configuration of all files; of a setting that several have the first.
config::InfrastructureConfig merged(const Files& files) {
  config::InfrastructureConfig all;
  for (const config::ConfigFile& file : files) {
    all.services.insert(all.services.end(), file.model.services.begin(), file.model.services.end());
    all.global_settings.insert(file.model.global_settings.begin(), file.model.global_settings.end());
  }
  return all;
}

nlohmann::json json_of(const Files& files) {
  auto described = nlohmann::json::array();
  auto problems = nlohmann::json::array();
  for (const config::ConfigFile& file : files) {
    described.push_back({{"file", file.file},
                         {"kind", config::kind_name(file.kind)},
                         {"services", file.model.services.size()},
                         {"not_understood", config::to_json(file.not_understood)}});
    for (auto& problem : problems_json(file.problems)) problems.push_back(std::move(problem));
  }
  return {{"file", files.front().file},
          {"files", std::move(described)},
          {"config", config::to_json(merged(files))},
          {"problems", std::move(problems)}};
}

int show(Program& program, const Arguments& arguments, const Files& files) {
  const auto least = config::severity_of(arguments.fail_on).value();
  const bool found = std::any_of(files.begin(), files.end(), [&](const auto& file) { return any_problem(file.problems, least); });
  const int code = found ? exit_findings : exit_passed;
  if (arguments.json) {
    program.out.write(json_text(json_of(files)));
    return code;
  }
  for (const config::ConfigFile& file : files) {
    program.out.write(problems_text(file.problems, wants_colour(program.out.descriptor())));
    const std::string kind = file.kind == config::ConfigKind::native ? "" : std::string(config::kind_name(file.kind)) + ", ";
    program.out.write(harmless(file.file) + ": " + kind + counted(file.model.services.size(), "service") + ", " +
                      counted(file.problems.size(), "problem") +
                      (file.not_understood.empty() ? "" : ", " + std::to_string(file.not_understood.size()) + " not understood") +
                      "\n");
  }
  return code;
}

// With the interpreter running; the exit code.
int check_with_rules(Program& program, const Arguments& arguments, const scripting::CircleRequest& request, Files files,
                     scripting::ScriptHost& host) {
  const Hooks hooks = host.hooks(Case{}, request);
  if (!hooks.check_config) return show(program, arguments, files);  // removed since
  for (config::ConfigFile& file : files) {
    std::vector<ReceiptHook> receipt;
    std::optional<Running> running(std::in_place, program, "config check");
    auto checked = hooks.check_config(std::move(file), receipt, running->job());
    const bool interrupted = running->interrupted();
    running.reset();
    if (interrupted) return exit_interrupted;
    if (!checked) return program.failed(checked.error());
    file = std::move(*checked);
  }
  return show(program, arguments, files);
}

// The interpreter is started only if there is a rule to run.
int check_config(Program& program, const Arguments& arguments) {
  Files files;
  int code = exit_passed;
  for (auto& file : config::read_config_files(arguments.paths)) {
    if (file)
      files.push_back(std::move(*file));
    else
      code = program.failed(file.error());
  }
  if (code != exit_passed) return code;
  const scripting::CircleRequest request{{}, {arguments.plugins.begin(), arguments.plugins.end()}, {}, arguments.trusted};
  auto chosen = scripting::choose_rules(request, scripting::HostPaths::of_this_program().plugins);
  if (!chosen) return program.failed(chosen.error());
  files.front() = config::with_problems(std::move(files.front()), std::move(chosen->problems));
  if (chosen->rules.empty()) return show(program, arguments, files);

  std::vector<AuditLine> lines;
  for (const auto& rule : chosen->rules) lines.push_back({"plugin.run", rule.name + " " + rule.version, rule.sha256});
  audit(program, lines);
  program.out.keep_to_itself();
  const auto host = start_scripts(remarks_of_experts(program));
  if (!host) return program.failed(host.error());
  leave(**host, program.finish(check_with_rules(program, arguments, request, std::move(files), **host)));
}

}  // namespace

void add_config_commands(CLI::App& app, Program& program) {
  auto* group = app.add_subcommand("config", "Look at an infrastructure configuration")->require_subcommand(1, 1);
  auto* check =
      group->add_subcommand("check", "Say everything that is wrong with a configuration; exit code 1 for errors and warnings");
  const auto arguments = std::make_shared<Arguments>();
  check
      ->add_option(
          "FILE", arguments->paths,
          "The configuration: native YAML, Docker Compose, Kubernetes manifests or systemd units, told apart by what they "
          "hold. Several files are one configuration: what one names may stand in another")
      ->required();
  check
      ->add_option("--plugins", arguments->plugins,
                   "Another folder with plugins, whose rules look at it as well; naming it is consent to run them, each in a "
                   "process of its own that may do only what its manifest says")
      ->type_name("DIR")
      ->allow_extra_args(false);
  check
      ->add_option("--trust", arguments->trusted,
                   "Run this rule inside the program and with all its rights, unless its manifest asks for isolation (may be "
                   "given again)")
      ->type_name("NAME")
      ->allow_extra_args(false);
  check->add_option("--fail-on", arguments->fail_on, "The least severity that makes the exit code 1")
      ->capture_default_str()
      ->check(CLI::IsMember({"note", "warning", "error"}));
  check->add_flag("--json", arguments->json, "Print JSON");
  check->callback(
      [&program, arguments] { program.chosen = [&program, arguments] { return check_config(program, *arguments); }; });
}

}  // namespace conclave::cli
