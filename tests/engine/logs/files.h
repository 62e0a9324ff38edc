// Files of tests, and the sample logs where they are to be had.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

#include "tests/engine/temporary_folder.h"

namespace conclave::logs {

inline std::string read_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// The logs below shared/data/logs; empty if that folder is not there.
inline std::vector<std::filesystem::path> sample_logs() {
  const char* set = std::getenv("CONCLAVE_SHARED");  // NOLINT(concurrency-mt-unsafe): nobody sets variables here
  const std::filesystem::path shared =
      set != nullptr ? std::filesystem::path(set) : std::filesystem::path(CONCLAVE_SOURCE_DIR).parent_path() / "shared";
  std::vector<std::filesystem::path> logs;
  std::error_code ignored;
  for (const auto& folder : std::filesystem::directory_iterator(shared / "data" / "logs", ignored)) {
    for (const auto& file : std::filesystem::directory_iterator(folder.path(), ignored)) {
      if (file.path().extension() == ".log") logs.push_back(file.path());
    }
  }
  return logs;
}

}  // namespace conclave::logs
