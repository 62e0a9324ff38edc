// config check.
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "app/cli/commands.h"
#include "app/cli/problems.h"
#include "app/cli/program.h"
#include "app/cli/terminal.h"
#include "engine/config/infrastructure.h"

namespace conclave::cli {
namespace {

std::string counted(std::size_t number, const std::string& noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

int check_config(Program& program, const std::string& path, bool json) {
  const auto file = config::read_config_file(path);
  if (!file) return program.failed(file.error());
  const int code = any_error(file->problems) ? exit_findings : exit_passed;
  if (json) {
    program.out.write(
        json_text({{"file", path}, {"config", config::to_json(file->model)}, {"problems", problems_json(file->problems)}}));
    return code;
  }
  program.out.write(problems_text(file->problems, wants_colour(STDOUT_FILENO)));
  program.out.write(harmless(path) + ": " + counted(file->model.services.size(), "service") + ", " +
                    counted(file->problems.size(), "problem") + "\n");
  return code;
}

}  // namespace

void add_config_commands(CLI::App& app, Program& program) {
  auto* group = app.add_subcommand("config", "Look at an infrastructure configuration")->require_subcommand(1, 1);
  auto* check = group->add_subcommand("check", "Say everything that is wrong with a configuration; exit code 1 for errors");
  const auto path = std::make_shared<std::string>();
  const auto json = std::make_shared<bool>(false);
  check->add_option("FILE", *path, "The configuration (YAML)")->required();
  check->add_flag("--json", *json, "Print JSON");
  check->callback(
      [&program, path, json] { program.chosen = [&program, path, json] { return check_config(program, *path, *json); }; });
}

}  // namespace conclave::cli
