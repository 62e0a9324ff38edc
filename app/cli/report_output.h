// A report in the form the user asked for, to standard output or a file.
#pragma once

#include <memory>
#include <string>

#include "engine/case/report.h"

namespace CLI {
class App;
}

namespace conclave::cli {

struct Program;

struct ReportOutput {
  bool json = false;
  bool markdown = false;
  bool html = false;
  bool junit = false;
  bool redact = false;
  std::string file;  // empty: standard output

  // --json, --markdown, --html, --junit, --redact, --output.
  void add_options(CLI::App& command);
  // Kind invalid_argument for combinations that make no sense. Without a format, the name of the file says which.
  [[nodiscard]] Result<void> settle();
  // The exit code of the report, or 2 if it could not be written.
  [[nodiscard]] int write(Program& program, const Report& report) const;
};

}  // namespace conclave::cli
