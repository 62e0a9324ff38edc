// A folder that lives as long as a test, and the sample logs where they are to be had.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "engine/base/ids.h"

namespace conclave::logs {

class TemporaryFolder {
 public:
  TemporaryFolder() : path_(std::filesystem::temp_directory_path() / ("conclave-logs-" + random_id())) {
    std::filesystem::create_directories(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  std::filesystem::path write(const std::string& name, std::string_view text) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
    return file;
  }

 private:
  std::filesystem::path path_;
};

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
