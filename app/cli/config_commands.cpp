// config check.
#include <CLI/CLI.hpp>
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
  std::string path;
  std::vector<std::string> plugins;
  std::vector<std::string> trusted;
  bool json = false;
};

int show(Program& program, const Arguments& arguments, const config::ConfigFile& file) {
  const int code = any_error(file.problems) ? exit_findings : exit_passed;
  if (arguments.json) {
    program.out.write(json_text(
        {{"file", arguments.path}, {"config", config::to_json(file.model)}, {"problems", problems_json(file.problems)}}));
    return code;
  }
  program.out.write(problems_text(file.problems, wants_colour(program.out.descriptor())));
  program.out.write(harmless(arguments.path) + ": " + counted(file.model.services.size(), "service") + ", " +
                    counted(file.problems.size(), "problem") + "\n");
  return code;
}

// With the interpreter running; the exit code.
int check_with_rules(Program& program, const Arguments& arguments, const scripting::CircleRequest& request,
                     config::ConfigFile file, scripting::ScriptHost& host) {
  const Hooks hooks = host.hooks(Case{}, request);
  if (!hooks.check_config) return show(program, arguments, file);  // removed since
  std::vector<ReceiptHook> receipt;
  std::optional<Running> running(std::in_place, program, "config check");
  const auto checked = hooks.check_config(std::move(file), receipt, running->job());
  const bool interrupted = running->interrupted();
  running.reset();
  if (interrupted) return exit_interrupted;
  if (!checked) return program.failed(checked.error());
  return show(program, arguments, *checked);
}

// The interpreter is started only if there is a rule to run.
int check_config(Program& program, const Arguments& arguments) {
  auto file = config::read_config_file(arguments.path);
  if (!file) return program.failed(file.error());
  const scripting::CircleRequest request{{}, {arguments.plugins.begin(), arguments.plugins.end()}, {}, arguments.trusted};
  auto chosen = scripting::choose_rules(request, scripting::HostPaths::of_this_program().plugins);
  if (!chosen) return program.failed(chosen.error());
  *file = config::with_problems(std::move(*file), std::move(chosen->problems));
  if (chosen->rules.empty()) return show(program, arguments, *file);

  std::vector<AuditLine> lines;
  for (const auto& rule : chosen->rules) lines.push_back({"plugin.run", rule.name + " " + rule.version, rule.sha256});
  audit(program, lines);
  program.out.keep_to_itself();
  const auto host = start_scripts(remarks_of_experts(program));
  if (!host) return program.failed(host.error());
  leave(**host, program.finish(check_with_rules(program, arguments, request, std::move(*file), **host)));
}

}  // namespace

void add_config_commands(CLI::App& app, Program& program) {
  auto* group = app.add_subcommand("config", "Look at an infrastructure configuration")->require_subcommand(1, 1);
  auto* check = group->add_subcommand("check", "Say everything that is wrong with a configuration; exit code 1 for errors");
  const auto arguments = std::make_shared<Arguments>();
  check->add_option("FILE", arguments->path, "The configuration (YAML)")->required();
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
  check->add_flag("--json", arguments->json, "Print JSON");
  check->callback(
      [&program, arguments] { program.chosen = [&program, arguments] { return check_config(program, *arguments); }; });
}

}  // namespace conclave::cli
