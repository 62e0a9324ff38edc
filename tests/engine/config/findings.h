// Configurations that must be readable, and what was found in them, short enough to be compared.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "engine/config/infrastructure.h"

namespace conclave::config {

inline ConfigFile must_be_read(Result<ConfigFile> file) {
  EXPECT_TRUE(file) << file.error().text();
  return file ? std::move(*file) : ConfigFile{};
}

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
