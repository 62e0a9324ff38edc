// logs templates.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <optional>
#include <span>
#include <vector>

#include "app/cli/commands.h"
#include "app/cli/log_reading.h"
#include "app/cli/log_tables.h"
#include "app/cli/program.h"
#include "app/cli/terminal.h"
#include "engine/base/ids.h"
#include "engine/base/parallel.h"

namespace conclave::cli {
namespace {

struct Arguments {
  std::vector<std::string> files;
  bool json = false;
  bool assignments = false;
  bool content = false;
  std::size_t limit = 40;
};

void write_assignments(Program& program, const logs::TemplateGroups& groups) {
  std::string text;
  for (const std::uint32_t index : groups.assignments) {
    text += hex64(groups.templates[index].id);
    text += '\n';
    if (text.size() >= (1U << 16U)) {
      program.out.write(text);
      text.clear();
    }
  }
  program.out.write(text);
}

// Of each log, all logs at the same time.
Result<std::vector<logs::TemplateGroups>> mine(std::span<const Log> all, const logs::TemplateOptions& options, Job& job) {
  std::uint64_t total = 0;
  for (const Log& log : all) total += log->view().size();
  job.begin("grouping lines", total, "B");
  std::vector<Result<logs::TemplateGroups>> mined(all.size());
  parallel_for(all.size(), [&](std::size_t i) {
    logs::TemplateOptions own = options;
    own.reference = all[i]->modified();
    Job mining(all[i]->name(), job, Job::Counts::for_parent);
    mined[i] = logs::mine_templates(all[i]->view(), own, mining);
  });
  std::vector<logs::TemplateGroups> groups;
  for (auto& each : mined) {
    if (!each) return tl::unexpected(std::move(each.error()));
    groups.push_back(std::move(*each));
  }
  return groups;
}

int mine_logs(Program& program, const Arguments& arguments) {
  nlohmann::json all = nlohmann::json::array();
  std::string text;
  const bool colour = wants_colour(STDOUT_FILENO);
  std::optional<Running> running(std::in_place, program, "logs templates");
  LogReading reading(program, running->job());
  logs::TemplateOptions options;
  options.keep_assignments = arguments.assignments;
  options.content = arguments.content;
  options.parameters = arguments.json;
  reading.batches(arguments.files, [&](std::span<const Log> batch) -> Result<void> {
    const auto groups = mine(batch, options, running->job());
    if (!groups) return tl::unexpected(groups.error());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (arguments.assignments) {
        write_assignments(program, (*groups)[i]);
      } else if (arguments.json) {
        all.push_back(templates_json(*batch[i], (*groups)[i]));
      } else {
        text += templates_text(*batch[i], (*groups)[i], arguments.limit, colour,
                               is_terminal(STDOUT_FILENO) ? terminal_width(STDOUT_FILENO) : 0);
      }
    }
    return {};
  });
  running.reset();
  if (arguments.json) {
    program.out.write(json_text({{"logs", all}, {"problems", reading.problems()}}));
  } else {
    program.out.write(text);
  }
  return reading.code();
}

}  // namespace

void add_log_templates_command(CLI::App& logs, Program& program) {
  const auto arguments = std::make_shared<Arguments>();
  auto* templates = logs.add_subcommand("templates", "Lines that differ only in their parameters, grouped");
  templates->add_option("FILE", arguments->files, log_files_help)->required();
  auto* json = templates->add_flag("--json", arguments->json, "Print JSON, with all templates");
  templates->add_flag("--assignments", arguments->assignments, "Print the id of a template for each line, and nothing else")
      ->excludes(json);
  templates->add_flag("--content", arguments->content, "The lines are messages without a header; each is a record of its own");
  templates->add_option("--limit", arguments->limit, "How many templates the table shows; 0 for all")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  templates->callback(
      [&program, arguments] { program.chosen = [&program, arguments] { return mine_logs(program, *arguments); }; });
}

}  // namespace conclave::cli
