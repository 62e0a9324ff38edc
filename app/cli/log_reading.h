// Logs named on the command line, read one by one.
#pragma once

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/cli/program.h"
#include "engine/base/job.h"
#include "engine/logs/source.h"

namespace conclave::cli {

// Bad input is reported and reading goes on. Borrows both.
class LogReading {
 public:
  LogReading(Program& program, Job& job) : program_(program), job_(job) {}

  // `use(const logs::LogBytes&) -> Result<void>` sees each log of what files, globs and folders find.
  template <class Use>
  void each(const std::vector<std::string>& patterns, const Use& use) {
    std::error_code ignored;
    for (const std::string& pattern : patterns) {
      const auto found = logs::find_files(pattern, std::filesystem::current_path(ignored));
      if (!found) {
        named_failed(found.error());
        continue;
      }
      for (const Error& problem : found->problems) found_failed(problem);
      if (found->files.empty() && found->problems.empty()) found_failed(Error{ErrorKind::not_found, "no logs here", pattern});
      for (const auto& path : found->files) read(path, use);
    }
  }

  [[nodiscard]] const nlohmann::json& problems() const { return problems_; }
  [[nodiscard]] int code() const { return code_; }

 private:
  template <class Use>
  void read(const std::filesystem::path& path, const Use& use) {
    if (code_ == exit_interrupted) return;
    const auto bytes = logs::LogBytes::open(path, job_);
    if (!bytes) return named_failed(bytes.error());
    if (const auto problem = (*bytes)->problem()) found_failed(*problem);
    const Result<void> used = use(**bytes);
    if (!used) return named_failed(used.error());
    if ((*bytes)->shrank()) found_failed(Error{ErrorKind::io, "the file became shorter while it was read", path.string()});
  }

  void named_failed(const Error& error);
  void found_failed(const Error& error);

  Program& program_;
  Job& job_;
  nlohmann::json problems_ = nlohmann::json::array();
  int code_ = exit_passed;
};

}  // namespace conclave::cli
