// logs summary, logs templates.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>

#include "app/cli/commands.h"
#include "app/cli/log_tables.h"
#include "app/cli/program.h"
#include "app/cli/terminal.h"
#include "engine/base/ids.h"
#include "engine/logs/source.h"

namespace conclave::cli {
namespace {

struct Arguments {
  std::vector<std::string> files;
  bool json = false;
  bool assignments = false;
  bool content = false;
  std::size_t limit = 40;
};

// What was named, read one by one: `use` sees each log. Bad input is reported and reading goes on.
class Reading {
 public:
  Reading(Program& program, Job& job) : program_(program), job_(job) {}

  template <class Use>
  void each(const std::vector<std::string>& patterns, const Use& use) {
    std::error_code ignored;
    for (const std::string& pattern : patterns) {
      const auto found = logs::find_files(pattern, std::filesystem::current_path(ignored));
      if (!found) {
        named_failed(found.error());
        continue;
      }
      for (const Error& problem : found->problems) found_failed(problem);
      if (found->files.empty() && found->problems.empty()) found_failed(Error{ErrorKind::not_found, "no logs here", pattern});
      for (const auto& path : found->files) read(path, use);
    }
  }

  [[nodiscard]] const nlohmann::json& problems() const { return problems_; }
  [[nodiscard]] int code() const { return code_; }

 private:
  template <class Use>
  void read(const std::filesystem::path& path, const Use& use) {
    if (code_ == exit_interrupted) return;
    const auto bytes = logs::LogBytes::open(path, job_);
    if (!bytes) return named_failed(bytes.error());
    if (const auto problem = (*bytes)->problem()) found_failed(*problem);
    const Result<void> used = use(**bytes);
    if (!used) return named_failed(used.error());
    if ((*bytes)->shrank()) found_failed(Error{ErrorKind::io, "the file became shorter while it was read", path.string()});
  }

  void named_failed(const Error& error) {
    code_ = std::max(code_, program_.failed(error));
    problems_.push_back(error.text());
  }
  void found_failed(const Error& error) {
    program_.complain(error.text());
    problems_.push_back(error.text());
    code_ = std::max(code_, exit_findings);
  }

  Program& program_;
  Job& job_;
  nlohmann::json problems_ = nlohmann::json::array();
  int code_ = exit_passed;
};

int summarize_logs(Program& program, const Arguments& arguments) {
  nlohmann::json all = nlohmann::json::array();
  std::string text;
  const bool colour = wants_colour(STDOUT_FILENO);
  std::optional<Running> running(std::in_place, program, "logs summary");
  Reading reading(program, running->job());
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

int mine_logs(Program& program, const Arguments& arguments) {
  nlohmann::json all = nlohmann::json::array();
  std::string text;
  const bool colour = wants_colour(STDOUT_FILENO);
  std::optional<Running> running(std::in_place, program, "logs templates");
  Reading reading(program, running->job());
  logs::TemplateOptions options;
  options.keep_assignments = arguments.assignments;
  reading.each(arguments.files, [&](const logs::LogBytes& log) -> Result<void> {
    const auto groups = logs::mine_templates(log.view(), options, running->job());
    if (!groups) return tl::unexpected(groups.error());
    if (arguments.assignments) {
      write_assignments(program, *groups);
    } else if (arguments.json) {
      all.push_back(templates_json(log, *groups));
    } else {
      text +=
          templates_text(log, *groups, arguments.limit, colour, is_terminal(STDOUT_FILENO) ? terminal_width(STDOUT_FILENO) : 0);
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

void add_log_commands(CLI::App& app, Program& program) {
  auto* group = app.add_subcommand("logs", "Look into log files")->require_subcommand(1, 1);
  const auto arguments = std::make_shared<Arguments>();
  constexpr const char* files = "Log files (also compressed), globs or folders";

  auto* summary = group->add_subcommand("summary", "Lines, levels, times and hours of logs");
  summary->add_option("FILE", arguments->files, files)->required();
  summary->add_flag("--json", arguments->json, "Print JSON");
  summary->callback(
      [&program, arguments] { program.chosen = [&program, arguments] { return summarize_logs(program, *arguments); }; });

  auto* templates = group->add_subcommand("templates", "Lines that differ only in their parameters, grouped");
  templates->add_option("FILE", arguments->files, files)->required();
  auto* json = templates->add_flag("--json", arguments->json, "Print JSON, with all templates");
  templates->add_flag("--assignments", arguments->assignments, "Print the id of a template for each line, and nothing else")
      ->excludes(json);
  templates->add_flag("--content", arguments->content,
                      "The lines are messages without a header; headers are recognised by themselves, so that nothing changes");
  templates->add_option("--limit", arguments->limit, "How many templates the table shows; 0 for all")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  templates->callback(
      [&program, arguments] { program.chosen = [&program, arguments] { return mine_logs(program, *arguments); }; });
}

}  // namespace conclave::cli
