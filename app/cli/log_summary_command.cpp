// logs summary.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <optional>

#include "app/cli/commands.h"
#include "app/cli/log_reading.h"
#include "app/cli/log_tables.h"
#include "app/cli/program.h"
#include "app/cli/terminal.h"

namespace conclave::cli {
namespace {

struct Arguments {
  std::vector<std::string> files;
  bool json = false;
};

int summarize_logs(Program& program, const Arguments& arguments) {
  nlohmann::json all = nlohmann::json::array();
  std::string text;
  const bool colour = wants_colour(STDOUT_FILENO);
  std::optional<Running> running(std::in_place, program, "logs summary");
  LogReading reading(program, running->job());
  reading.each(arguments.files, [&](const logs::LogBytes& log) -> Result<void> {
    const auto summary = logs::summarize(log.view(), {}, running->job());
    if (!summary) return tl::unexpected(summary.error());
    if (arguments.json) {
      all.push_back(summary_json(log, *summary));
    } else {
      text += summary_text(log, *summary, colour, terminal_width(STDOUT_FILENO));
    }
    return {};
  });
  running.reset();
  program.out.write(arguments.json ? json_text({{"logs", all}, {"problems", reading.problems()}}) : text);
  return reading.code();
}

}  // namespace

void add_log_summary_command(CLI::App& logs, Program& program) {
  const auto arguments = std::make_shared<Arguments>();
  auto* summary = logs.add_subcommand("summary", "Lines, levels, times and hours of logs");
  summary->add_option("FILE", arguments->files, log_files_help)->required();
  summary->add_flag("--json", arguments->json, "Print JSON");
  summary->callback(
      [&program, arguments] { program.chosen = [&program, arguments] { return summarize_logs(program, *arguments); }; });
}

}  // namespace conclave::cli
