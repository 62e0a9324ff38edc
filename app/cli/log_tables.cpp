#include "app/cli/log_tables.h"

#include <algorithm>

#include "app/cli/terminal.h"
#include "engine/base/ids.h"

namespace conclave::cli {
namespace {

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
