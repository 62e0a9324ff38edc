// Problems of case files and configurations, for terminals and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/config/problem.h"

namespace conclave::cli {

[[nodiscard]] std::string problems_text(const std::vector<config::Problem>& problems, bool colour);  // one a line
[[nodiscard]] nlohmann::json problems_json(const std::vector<config::Problem>& problems);
// Whether one is at least so severe.
[[nodiscard]] bool any_problem(const std::vector<config::Problem>& problems, config::Severity least);

}  // namespace conclave::cli
