// Logs named on the command line, read one by one.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "app/cli/program.h"
#include "engine/base/job.h"
#include "engine/logs/source.h"

namespace conclave::cli {

using Log = std::shared_ptr<const logs::LogBytes>;

// Bad input is reported and reading goes on. "-" is standard input, which can be read once. Borrows both.
class LogReading {
 public:
  LogReading(Program& program, Job& job) : program_(program), job_(job) {}

  // `use` sees each log of what files, globs and folders find, and is done with it when it returns.
  void each(const std::vector<std::string>& patterns, const std::function<Result<void>(const logs::LogBytes&)>& use);
  // The same of some at once, in their order: so many small ones that all cores have work, but at most one that is large.
  void batches(const std::vector<std::string>& patterns, const std::function<Result<void>(std::span<const Log>)>& use);
  // All logs of a file, glob or folder. What becomes of them later is for the caller to remark.
  [[nodiscard]] std::vector<Log> all(const std::string& pattern);
  // Something that was found, not named, cannot be used.
  void remark(const Error& error);

  [[nodiscard]] const nlohmann::json& problems() const { return problems_; }
  [[nodiscard]] int code() const { return code_; }

 private:
  void open_each(const std::string& pattern, const std::function<void(Log)>& take);
  void take(Result<Log> opened, const std::function<void(Log)>& take);
  Result<Log> standard_input();
  void failed(const Error& error);

  Program& program_;
  Job& job_;
  nlohmann::json problems_ = nlohmann::json::array();
  int code_ = exit_passed;
  bool read_standard_input_ = false;
};

}  // namespace conclave::cli
