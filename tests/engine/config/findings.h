// What a file was found to hold, short enough to be compared.
#pragma once

#include <string>
#include <vector>

#include "engine/config/infrastructure.h"

namespace conclave::config {

// "line:column rule", without notes.
inline std::vector<std::string> findings(const ConfigFile& file) {
  std::vector<std::string> out;
  for (const Problem& problem : file.problems)
    if (problem.severity != Severity::note)
      out.push_back(std::to_string(problem.location.line) + ":" + std::to_string(problem.location.column) + " " + problem.rule);
  return out;
}

inline std::vector<std::string> passed(const ConfigFile& file) {
  std::vector<std::string> paths;
  for (const NotUnderstood& one : file.not_understood) paths.push_back(one.path);
  return paths;
}

}  // namespace conclave::config
