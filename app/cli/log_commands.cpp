// logs: a unit of its own for each of its commands.
#include <CLI/CLI.hpp>

#include "app/cli/commands.h"

namespace conclave::cli {

void add_log_commands(CLI::App& app, Program& program) {
  auto* group = app.add_subcommand("logs", "Look into log files")->require_subcommand(1, 1);
  add_log_summary_command(*group, program);
  add_log_templates_command(*group, program);
  add_log_compare_command(*group, program);
  add_log_search_command(*group, program);
  add_log_follow_command(*group, program);
}

}  // namespace conclave::cli
