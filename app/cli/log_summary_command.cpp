// logs summary.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <map>
#include <optional>

#include "app/cli/commands.h"
#include "app/cli/log_reading.h"
#include "app/cli/log_summary_tables.h"
#include "app/cli/log_tables.h"
#include "app/cli/program.h"
#include "app/cli/terminal.h"

namespace conclave::cli {
namespace {

struct Arguments {
  std::vector<std::string> files;
  std::vector<std::string> patterns;  // NAME=REGEX
  std::string zone;
  std::size_t threads = 0;
  bool json = false;
  bool hourly = false;
  bool templates = false;
};

Result<logs::SummaryOptions> options_from(const Arguments& arguments) {
  logs::SummaryOptions options;
  options.threads = arguments.threads;
  if (!arguments.zone.empty()) {
    auto zone = logs::TimeZone::named(arguments.zone);
    if (!zone) return tl::unexpected(zone.error());
    options.zone = std::move(*zone);
  }
  if (arguments.patterns.empty()) return options;
  std::vector<std::pair<std::string, std::string>> rules;
  for (const std::string& pattern : arguments.patterns) {
    const std::size_t sign = pattern.find('=');
    if (sign == std::string::npos) return fail(ErrorKind::invalid_argument, "--pattern wants NAME=REGEX, not " + pattern);
    rules.emplace_back(pattern.substr(0, sign), pattern.substr(sign + 1));
  }
  auto patterns = logs::UserPatterns::compile(rules);
  if (!patterns) return tl::unexpected(patterns.error());
  options.patterns = std::move(*patterns);
  return options;
}

// Templates of one id in several logs are one.
class TemplatesOfAll {
 public:
  void add(const nlohmann::json& found) {
    for (const nlohmann::json& each : found) {
      const auto [at, is_new] = rows_.try_emplace(each.at("id").get<std::string>(), each);
      if (is_new) continue;
      nlohmann::json& row = at->second;
      row["count"] = row["count"].get<std::uint64_t>() + each.at("count").get<std::uint64_t>();
      for (const char* const time : {"first_time", "last_time"}) {
        const nlohmann::json& other = each.at(time);
        if (other.is_null()) continue;
        const bool earlier = row[time].is_null() || other.get<std::string>() < row[time].get<std::string>();
        if (earlier == (std::string_view(time) == "first_time") || row[time].is_null()) row[time] = other;
      }
    }
  }
  [[nodiscard]] nlohmann::json take() {
    std::vector<nlohmann::json> rows;
    for (auto& [id, row] : rows_) rows.push_back(std::move(row));
    std::stable_sort(rows.begin(), rows.end(), [](const nlohmann::json& a, const nlohmann::json& b) {
      return a.at("count").get<std::uint64_t>() > b.at("count").get<std::uint64_t>();
    });
    return rows;
  }

 private:
  std::map<std::string, nlohmann::json> rows_;
};

class Summarizing {
 public:
  Summarizing(const Arguments& arguments, logs::SummaryOptions options, Job& job)
      : arguments_(arguments), options_(std::move(options)), job_(job) {}

  Result<void> add(const logs::LogBytes& log) {
    options_.reference = log.modified();
    auto summary = logs::summarize(log.view(), options_, job_);
    if (!summary) return tl::unexpected(summary.error());
    if (arguments_.templates) {
      logs::TemplateOptions options;
      options.reference = log.modified();
      const auto groups = logs::mine_templates(log.view(), options, job_);
      if (!groups) return tl::unexpected(groups.error());
      templates_.add(templates_json(log, *groups).at("templates"));
    }
    if (logs_.empty()) {
      all_ = *summary;
    } else {
      auto joined = all_.joined_with(*summary);
      if (!joined) return tl::unexpected(joined.error());
      all_ = std::move(*joined);
    }
    logs_.push_back({log.name(), log.file_bytes(), log.encoding(), std::move(*summary), logs::structure_of_log(log.view())});
    return {};
  }

  [[nodiscard]] std::string json(const nlohmann::json& problems) {
    nlohmann::json found = summary_json(logs_, all_);
    if (logs_.empty()) {
      for (const auto& pattern : arguments_.patterns) found["patterns"][pattern.substr(0, pattern.find('='))] = 0;
    }
    if (arguments_.templates) found["templates"] = templates_.take();
    if (arguments_.hourly) found["hourly"] = hourly_json(all_);
    found["problems"] = problems;
    return json_text(found);
  }

  [[nodiscard]] std::string text() const {
    if (arguments_.hourly) return hourly_text(all_);
    return summary_text(logs_, all_, wants_colour(STDOUT_FILENO), terminal_width(STDOUT_FILENO));
  }

 private:
  const Arguments& arguments_;
  logs::SummaryOptions options_;
  Job& job_;
  std::vector<SummarizedLog> logs_;
  logs::LogSummary all_;
  TemplatesOfAll templates_;
};

int summarize_logs(Program& program, const Arguments& arguments) {
  auto options = options_from(arguments);
  if (!options) return program.failed(options.error());
  std::optional<Running> running(std::in_place, program, "logs summary");
  LogReading reading(program, running->job());
  Summarizing summarizing(arguments, std::move(*options), running->job());
  reading.each(arguments.files, [&](const logs::LogBytes& log) { return summarizing.add(log); });
  running.reset();
  program.out.write(arguments.json ? summarizing.json(reading.problems()) : summarizing.text());
  return reading.code();
}

}  // namespace

void add_log_summary_command(CLI::App& logs, Program& program) {
  const auto arguments = std::make_shared<Arguments>();
  auto* summary = logs.add_subcommand("summary", "Lines, levels, times and hours of logs");
  summary->add_option("FILE", arguments->files, log_files_help)->required();
  auto* json = summary->add_flag("--json", arguments->json, "Print JSON: one object for all logs together");
  summary
      ->add_option("--pattern", arguments->patterns,
                   "Count the lines that match a regular expression, as Python's re would; can be given several times")
      ->type_name("NAME=REGEX")
      ->allow_extra_args(false);
  summary->add_flag("--hourly", arguments->hourly, "Print the number of lines in each hour (UTC)");
  summary->add_flag("--templates", arguments->templates, "Also lines that differ only in their parameters, grouped")->needs(json);
  summary
      ->add_option("--tz", arguments->zone,
                   "Time zone of stamps without an offset, such as Europe/Berlin or +01:00; UTC if not given")
      ->type_name("ZONE");
  summary->add_option("--threads", arguments->threads, "Threads to use; one per core if not given")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  summary->callback(
      [&program, arguments] { program.chosen = [&program, arguments] { return summarize_logs(program, *arguments); }; });
}

}  // namespace conclave::cli
