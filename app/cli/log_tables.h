// Summaries and templates of logs, for terminals and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "engine/logs/source.h"
#include "engine/logs/summary.h"
#include "engine/logs/templates.h"

namespace conclave::cli {

[[nodiscard]] nlohmann::json summary_json(const logs::LogBytes& log, const logs::LogSummary& summary);
[[nodiscard]] std::string summary_text(const logs::LogBytes& log, const logs::LogSummary& summary, bool colour, int width);

[[nodiscard]] nlohmann::json templates_json(const logs::LogBytes& log, const logs::TemplateGroups& groups);
// `limit` 0 shows all; `width` 0 cuts no line.
[[nodiscard]] std::string templates_text(const logs::LogBytes& log, const logs::TemplateGroups& groups, std::size_t limit,
                                         bool colour, int width);

}  // namespace conclave::cli
