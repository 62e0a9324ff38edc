#include "app/cli/problems.h"

#include <algorithm>

#include "app/cli/terminal.h"

namespace conclave::cli {

std::string problems_text(const std::vector<config::Problem>& problems, bool colour) {
  std::string text;
  for (const config::Problem& problem : problems) {
    const Colour hue = problem.severity == config::Severity::error     ? Colour::red
                       : problem.severity == config::Severity::warning ? Colour::yellow
                                                                       : Colour::none;
    text += painted(harmless(config::to_text(problem)), hue, colour) + "\n";
  }
  return text;
}

nlohmann::json problems_json(const std::vector<config::Problem>& problems) {
  auto all = nlohmann::json::array();
  for (const config::Problem& problem : problems) {
    all.push_back({{"severity", config::severity_name(problem.severity)},
                   {"rule", problem.rule},
                   {"message", problem.message},
                   {"fix", problem.fix},
                   {"file", problem.location.file},
                   {"line", problem.location.line},
                   {"column", problem.location.column}});
  }
  return all;
}

bool any_problem(const std::vector<config::Problem>& problems, config::Severity least) {
  return std::any_of(problems.begin(), problems.end(),
                     [least](const config::Problem& problem) { return problem.severity >= least; });
}

}  // namespace conclave::cli
