// Templates of logs, for terminals and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "engine/logs/source.h"
#include "engine/logs/templates.h"

namespace conclave::cli {

[[nodiscard]] nlohmann::json templates_json(const logs::LogBytes& log, const logs::TemplateGroups& groups);
// `limit` 0 shows all; `width` 0 cuts no line.
[[nodiscard]] std::string templates_text(const logs::LogBytes& log, const logs::TemplateGroups& groups, std::size_t limit,
                                         bool colour, int width);

}  // namespace conclave::cli
