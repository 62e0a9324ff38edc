// What every subcommand shares: settings, the two streams, and how a run ends.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/interrupts.h"
#include "app/cli/progress.h"
#include "app/cli/screen.h"
#include "engine/base/error.h"
#include "engine/base/job.h"

namespace conclave::cli {

inline constexpr int exit_passed = 0;
inline constexpr int exit_findings = 1;  // another verdict, problems, findings
inline constexpr int exit_usage = 2;     // usage, invalid case, unreadable named input
inline constexpr int exit_no_consensus = 3;

struct Settings {
  int verbosity = 0;  // -v: what experts print and what is done; -vv: details
  bool quiet = false;
  bool debug = false;
};

// Owner: run(); main thread, except for `screen`.
struct Program {
  Settings settings;
  Output out;
  Screen screen;
  std::function<int()> chosen;                // what the subcommand does; returns the exit code
  std::vector<std::string> script_arguments;  // of `conclave run`: everything after the script

  // "conclave: ..." on standard error.
  void complain(const std::string& text);
  // The same for an error; returns the exit code that belongs to it.
  int failed(const Error& error);
  // A remark that --quiet suppresses.
  void remark(const std::string& text);
  // The exit code to leave with, which is another one if not all output could be written.
  [[nodiscard]] int finish(int code);
};

// JSON as every --json prints it: indented, valid whatever the strings contain, with a line end.
[[nodiscard]] std::string json_text(const nlohmann::json& json);

// A job under way: Ctrl-C stops it, progress is shown where somebody can see it. Lives on the main thread.
class Running {
 public:
  Running(Program& program, std::string title);
  [[nodiscard]] Job& job() { return *job_; }
  [[nodiscard]] bool interrupted() const { return interrupts_.happened(); }

 private:
  JobPtr job_;
  Interrupts interrupts_;
  std::optional<ProgressBar> bar_;
};

// The whole program.
int run(const std::vector<std::string>& arguments);

}  // namespace conclave::cli
