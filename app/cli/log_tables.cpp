#include "app/cli/log_tables.h"

#include <algorithm>
#include <cmath>

#include "app/cli/terminal.h"
#include "engine/base/ids.h"

namespace conclave::cli {
namespace {

constexpr std::size_t most_hours = 48;

nlohmann::json time_json(const std::optional<TimeUs>& time) {
  return time ? nlohmann::json(format_time(*time)) : nlohmann::json(nullptr);
}

nlohmann::json levels_json(const logs::LevelCounts& counts) {
  nlohmann::json levels;
  for (std::size_t i = 0; i < counts.size(); ++i) levels[std::string(logs::level_name(static_cast<logs::Level>(i)))] = counts[i];
  return levels;
}

nlohmann::json parameters_json(const logs::Template& found) {
  auto parameters = nlohmann::json::array();
  for (const logs::TemplateParameter& each : found.parameters) {
    auto top = nlohmann::json::array();
    for (const logs::ParameterValue& value : each.top) top.push_back({{"text", value.text}, {"count", value.count}});
    parameters.push_back(
        {{"kind", logs::parameter_kind_name(each.kind)}, {"distinct", each.distinct}, {"exact", each.exact}, {"top", top}});
  }
  return parameters;
}

std::string levels_text(const logs::LevelCounts& levels) {
  std::string text;
  for (std::size_t i = levels.size(); i-- > 0;) {
    if (levels[i] == 0) continue;
    text += (text.empty() ? "" : ", ") + std::string(logs::level_name(static_cast<logs::Level>(i))) + " " + grouped(levels[i]);
  }
  return text.empty() ? "none" : text;
}

std::string times_text(const logs::LogSummary& summary) {
  if (!summary.first_time || !summary.last_time) return "no time stamps";
  return human_time(*summary.first_time) + " to " + human_time(*summary.last_time) + " (" +
         human_duration(static_cast<double>(*summary.last_time - *summary.first_time) / 1e6) + "), " + summary.stamp_format +
         (summary.out_of_order > 0 ? ", " + grouped(summary.out_of_order) + " out of order" : "");
}

// A bar of eighths of a cell.
std::string bar(double share, int cells) {
  const auto eighths = static_cast<int>(std::lround(share * cells * 8));
  std::string text;
  for (int i = 0; i < eighths / 8; ++i) text += "\u2588";
  constexpr const char* parts[] = {"", "\u258F", "\u258E", "\u258D", "\u258C", "\u258B", "\u258A", "\u2589"};
  return text + parts[eighths % 8];
}

std::string hours_text(const logs::LogSummary& summary, int width) {
  const auto hours = summary.hourly();
  if (hours.empty()) return "";
  std::uint64_t most = 1;
  for (const auto& hour : hours) most = std::max(most, hour.second);
  std::string text = "  lines an hour\n";
  const std::size_t first = hours.size() > most_hours ? hours.size() - most_hours : 0;
  if (first > 0) text += "    (" + std::to_string(first) + " earlier hours not shown)\n";
  const std::size_t digits = grouped(most).size();
  const int cells = std::clamp(width - 28 - static_cast<int>(digits), 10, 60);
  for (std::size_t i = first; i < hours.size(); ++i) {
    const std::string count = grouped(hours[i].second);
    text += "    " + format_time(hours[i].first).substr(0, 16) + "Z  " + std::string(digits - count.size(), ' ') + count + "  " +
            bar(static_cast<double>(hours[i].second) / static_cast<double>(most), cells) + "\n";
  }
  return text;
}

// At most `columns` code points.
std::string cut(const std::string& text, std::size_t columns) {
  if (columns == 0 || display_width(text) <= columns) return text;
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end) {
    if ((static_cast<unsigned char>(text[end]) & 0xC0U) != 0x80U && seen++ == columns - 1) break;
  }
  return text.substr(0, end) + "\u2026";
}

Colour colour_of(logs::Level level) {
  if (level >= logs::Level::error) return Colour::red;
  return level == logs::Level::warning ? Colour::yellow : Colour::none;
}

}  // namespace

nlohmann::json summary_json(const logs::LogBytes& log, const logs::LogSummary& summary) {
  nlohmann::json levels;
  for (std::size_t i = 0; i < summary.levels.size(); ++i) {
    levels[std::string(logs::level_name(static_cast<logs::Level>(i)))] = summary.levels[i];
  }
  auto hourly = nlohmann::json::array();
  for (const auto& [start, lines] : summary.hourly()) hourly.push_back({{"start", format_time(start)}, {"lines", lines}});
  auto gaps = nlohmann::json::array();
  for (const logs::Gap& gap : summary.gaps) {
    gaps.push_back({{"from", format_time(gap.from)},
                    {"to", format_time(gap.to)},
                    {"seconds", static_cast<double>(gap.to - gap.from) / 1e6},
                    {"line_before", gap.line_before},
                    {"line_after", gap.line_after}});
  }
  return {{"path", log.name()},
          {"file_bytes", log.file_bytes()},
          {"bytes", summary.bytes},
          {"lines", summary.lines},
          {"error_lines", summary.error_lines},
          {"warning_lines", summary.warning_lines},
          {"timestamp_lines", summary.timestamp_lines},
          {"levels", levels},
          {"first_time", time_json(summary.first_time)},
          {"last_time", time_json(summary.last_time)},
          {"stamp_format", summary.stamp_format},
          {"out_of_order", summary.out_of_order},
          {"hourly", hourly},
          {"gaps", gaps}};
}

std::string summary_text(const logs::LogBytes& log, const logs::LogSummary& summary, bool colour, int width) {
  const bool unpacked = summary.bytes != log.file_bytes();
  return painted(harmless(log.name()), Colour::bold, colour) + "\n  lines     " + grouped(summary.lines) + " in " +
         human_bytes(static_cast<double>(summary.bytes)) +
         (unpacked ? " (" + human_bytes(static_cast<double>(log.file_bytes())) + " packed)" : "") + "\n  time      " +
         times_text(summary) + "\n  levels    " + levels_text(summary.levels) + "\n  matching  error " +
         grouped(summary.error_lines) + ", warning " + grouped(summary.warning_lines) + ", timestamp " +
         grouped(summary.timestamp_lines) + "\n" + hours_text(summary, width);
}

nlohmann::json templates_json(const logs::LogBytes& log, const logs::TemplateGroups& groups) {
  auto templates = nlohmann::json::array();
  for (const logs::Template& each : groups.templates) {
    const bool stamped = each.first_time != 0 || each.last_time != 0;
    templates.push_back({{"id", hex64(each.id)},
                         {"text", each.text},
                         {"typed_text", each.typed_text},
                         {"count", each.count},
                         {"level", logs::level_name(each.level)},
                         {"levels", levels_json(each.levels)},
                         {"first_time", time_json(stamped ? std::optional(each.first_time) : std::nullopt)},
                         {"last_time", time_json(stamped ? std::optional(each.last_time) : std::nullopt)},
                         {"first_line", each.first_line},
                         {"last_line", each.last_line},
                         {"samples", each.samples},
                         {"parameters", parameters_json(each)}});
  }
  return {{"path", log.name()}, {"templates", templates}};
}

std::string templates_text(const logs::LogBytes& log, const logs::TemplateGroups& groups, std::size_t limit, bool colour,
                           int width) {
  const std::size_t shown = limit == 0 ? groups.templates.size() : std::min(limit, groups.templates.size());
  Table table({"COUNT", "LEVEL", "LINE", "TEMPLATE"});
  for (std::size_t i = 0; i < shown; ++i) {
    const logs::Template& each = groups.templates[i];
    table.add({{grouped(each.count), Colour::none, true},
               {std::string(logs::level_name(each.level)), colour_of(each.level)},
               {std::to_string(each.first_line), Colour::none, true},
               {cut(each.typed_text, width > 60 ? static_cast<std::size_t>(width) - 34 : 0)}});
  }
  std::string text = painted(harmless(log.name()), Colour::bold, colour) + ": " + grouped(groups.templates.size()) +
                     " templates\n" + table.text(colour);
  if (shown < groups.templates.size()) {
    text += "(" + grouped(groups.templates.size() - shown) + " more; --limit 0 shows all)\n";
  }
  return text;
}

}  // namespace conclave::cli
