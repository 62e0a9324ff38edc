// logs compare.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <optional>

#include "app/cli/commands.h"
#include "app/cli/log_reading.h"
#include "app/cli/log_tables.h"
#include "app/cli/program.h"
#include "app/cli/terminal.h"
#include "engine/base/ids.h"
#include "engine/logs/compare.h"
#include "engine/logs/line_index.h"
#include "engine/logs/source.h"

namespace conclave::cli {
namespace {

struct Arguments {
  std::string before;
  std::string after;
  std::string split;
  std::string by = "typical";
  bool json = false;
  bool content = false;
  std::size_t limit = 40;
};

using Logs = std::vector<Log>;

// The log, the line and its text behind a line number that runs on over all logs.
class Lines {
 public:
  Lines(const Logs& all, Job& job) {
    for (const auto& log : all) {
      auto index = logs::LineIndex::build(log->view(), job);
      if (!index) return;
      indexes_.push_back(std::move(*index));
      logs_.push_back(log.get());
    }
  }
  [[nodiscard]] nlohmann::json sample(std::uint64_t line) const {
    for (std::size_t i = 0; i < logs_.size(); ++i) {
      if (line <= indexes_[i].line_count()) {
        constexpr std::size_t longest = 2048;
        const std::string_view text = indexes_[i].line(logs_[i]->view(), line);
        return {{"path", logs_[i]->name()}, {"line", line}, {"text", logs_[i]->text(text.substr(0, longest))}};
      }
      line -= indexes_[i].line_count();
    }
    return nullptr;
  }

 private:
  std::vector<logs::LineIndex> indexes_;
  std::vector<const logs::LogBytes*> logs_;
};

nlohmann::json number(double value) { return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr); }

nlohmann::json template_json(const logs::Template& found) {
  return {
      {"id", hex64(found.id)}, {"text", found.text}, {"typed_text", found.typed_text}, {"level", logs::level_name(found.level)}};
}

nlohmann::json comparison_json(const logs::Comparison& all, const Lines& lines, const Arguments& arguments) {
  auto changes = nlohmann::json::array();
  for (const logs::TemplateChange& change : all.changes) {
    const logs::Template& found = all.groups.templates[change.found];
    nlohmann::json each = template_json(found);
    each["kind"] = logs::change_kind_name(change.kind);
    each["before"] = change.before;
    each["after"] = change.after;
    each["ratio"] = number(change.ratio);
    each["statistic"] = number(change.statistic);
    each["p_value"] = number(change.p_value);
    each["q_value"] = number(change.q_value);
    each["sample"] = lines.sample(found.first_line);
    changes.push_back(std::move(each));
  }
  auto bursts = nlohmann::json::array();
  for (const logs::TemplateBurst& burst : all.bursts) {
    nlohmann::json each = template_json(all.groups.templates[burst.found]);
    each.update({{"from", format_time(burst.from)},
                 {"to", format_time(burst.to)},
                 {"count", burst.count},
                 {"expected", number(burst.expected)},
                 {"weight", number(burst.weight)}});
    bursts.push_back(std::move(each));
  }
  auto silences = nlohmann::json::array();
  for (const logs::TemplateSilence& silence : all.silences) {
    nlohmann::json each = template_json(all.groups.templates[silence.found]);
    each.update({{"from", format_time(silence.from)},
                 {"to", format_time(silence.to)},
                 {"expected", number(silence.expected)},
                 {"p_value", number(silence.p_value)}});
    silences.push_back(std::move(each));
  }
  return {{"records_before", all.records_before},
          {"records_after", all.records_after},
          {"templates", all.groups.templates.size()},
          {"by", arguments.by},
          {"scale", number(all.scale)},
          {"dispersion", number(all.dispersion)},
          {"statistic", "G"},
          {"correction", "Benjamini-Hochberg"},
          {"bucket_seconds", static_cast<double>(all.bucket_us) / us_per_second},
          {"changes", changes},
          {"bursts", bursts},
          {"silences", silences}};
}

std::string short_number(double value) {
  std::array<char, 32> text{};
  (void)std::snprintf(text.data(), text.size(), "%.3g", value);
  return text.data();
}

Colour colour_of(const logs::TemplateChange& change, const logs::Template& found) {
  if (change.kind == logs::ChangeKind::vanished || change.kind == logs::ChangeKind::fewer) return Colour::none;
  return found.level >= logs::Level::error ? Colour::red : Colour::yellow;
}

std::string comparison_text(const logs::Comparison& all, std::size_t limit, bool colour) {
  std::string text = grouped(all.records_before) + " records before, " + grouped(all.records_after) + " after, " +
                     grouped(all.groups.templates.size()) + " templates\n";
  if (all.changes.empty()) return text + "nothing changed beyond chance\n";
  const auto shown = [&](std::size_t size) { return limit == 0 ? size : std::min(limit, size); };
  Table table({"CHANGE", "BEFORE", "AFTER", "G", "Q", "LEVEL", "TEMPLATE"});
  for (std::size_t i = 0; i < shown(all.changes.size()); ++i) {
    const logs::TemplateChange& change = all.changes[i];
    const logs::Template& found = all.groups.templates[change.found];
    table.add({{std::string(logs::change_kind_name(change.kind)), colour_of(change, found)},
               {grouped(change.before), Colour::none, true},
               {grouped(change.after), Colour::none, true},
               {short_number(change.statistic), Colour::none, true},
               {short_number(change.q_value), Colour::none, true},
               {std::string(logs::level_name(found.level))},
               {found.typed_text}});
  }
  text += table.text(colour);
  if (shown(all.changes.size()) < all.changes.size()) {
    text += "(" + grouped(all.changes.size() - shown(all.changes.size())) + " more; --limit 0 shows all)\n";
  }
  if (!all.bursts.empty()) {
    Table bursts({"BURST FROM", "TO", "COUNT", "EXPECTED", "TEMPLATE"});
    for (std::size_t i = 0; i < shown(all.bursts.size()); ++i) {
      const logs::TemplateBurst& burst = all.bursts[i];
      bursts.add({{human_time(burst.from)},
                  {human_time(burst.to)},
                  {grouped(burst.count), Colour::none, true},
                  {short_number(burst.expected), Colour::none, true},
                  {all.groups.templates[burst.found].typed_text}});
    }
    text += "\n" + bursts.text(colour);
  }
  if (!all.silences.empty()) {
    Table silences({"SILENT FROM", "TO", "EXPECTED", "TEMPLATE"});
    for (std::size_t i = 0; i < shown(all.silences.size()); ++i) {
      const logs::TemplateSilence& silence = all.silences[i];
      silences.add({{human_time(silence.from)},
                    {human_time(silence.to)},
                    {short_number(silence.expected), Colour::none, true},
                    {all.groups.templates[silence.found].typed_text}});
    }
    text += "\n" + silences.text(colour);
  }
  return text;
}

std::vector<std::string_view> views_of(const Logs& all) {
  std::vector<std::string_view> views;
  for (const auto& log : all) views.push_back(log->view());
  return views;
}

int compare_logs(Program& program, const Arguments& arguments) {
  if (arguments.after.empty() == arguments.split.empty()) {
    return program.failed(
        Error{ErrorKind::invalid_argument, "name a log from before and one from after, or one log and --split TIME", {}});
  }
  const auto split = arguments.split.empty() ? std::nullopt : parse_time(arguments.split);
  if (!arguments.split.empty() && !split) {
    return program.failed(
        Error{ErrorKind::invalid_argument, "not a time such as 2026-03-01T12:00:05Z", "--split " + arguments.split});
  }
  std::optional<Running> running(std::in_place, program, "logs compare");
  LogReading reading(program, running->job());
  const Logs before = reading.all(arguments.before);
  const Logs after = split ? Logs() : reading.all(arguments.after);
  if (before.empty() || (!split && after.empty())) return std::max(reading.code(), exit_usage);  // said why
  if (reading.code() > exit_findings) return reading.code();
  logs::CompareOptions options;
  options.content = arguments.content;
  for (const Logs* side : {&before, &after}) {
    for (const Log& log : *side) options.reference = std::max(options.reference, log->modified());
  }
  options.normalise = arguments.by == "records" ? logs::Normalise::records
                      : arguments.by == "time"  ? logs::Normalise::time
                                                : logs::Normalise::typical;
  const auto all = split ? logs::compare_at(views_of(before), *split, options, running->job())
                         : logs::compare(views_of(before), views_of(after), options, running->job());
  if (!all) return program.failed(all.error());
  Logs both = before;
  both.insert(both.end(), after.begin(), after.end());
  for (const auto& log : both) {
    if (log->shrank()) reading.remark(Error{ErrorKind::io, "the file became shorter while it was read", log->name()});
  }
  nlohmann::json json;
  if (arguments.json) {
    json = comparison_json(*all, Lines(both, running->job()), arguments);
    json["problems"] = reading.problems();
  }
  running.reset();
  program.out.write(arguments.json ? json_text(json) : comparison_text(*all, arguments.limit, wants_colour(STDOUT_FILENO)));
  return all->changes.empty() ? reading.code() : std::max(reading.code(), exit_findings);
}

}  // namespace

void add_log_compare_command(CLI::App& logs, Program& program) {
  const auto arguments = std::make_shared<Arguments>();
  auto* compare = logs.add_subcommand("compare", "What is new, gone, more or less frequent in a log");
  compare->add_option("BEFORE", arguments->before, log_files_help)->required();
  auto* after = compare->add_option("AFTER", arguments->after, "What to compare with");
  compare->add_option("--split", arguments->split, "Compare what was logged before this time with what came then, in one log")
      ->excludes(after);
  compare->add_option("--by", arguments->by, "What rates are compared by: the typical template, all records, or time")
      ->check(CLI::IsMember({"typical", "records", "time"}))
      ->capture_default_str();
  compare->add_flag("--content", arguments->content, "The lines are messages without a header; each is a record of its own");
  compare->add_flag("--json", arguments->json, "Print JSON, with all findings");
  compare->add_option("--limit", arguments->limit, "How many findings the tables show; 0 for all")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  compare->callback(
      [&program, arguments] { program.chosen = [&program, arguments] { return compare_logs(program, *arguments); }; });
}

}  // namespace conclave::cli
