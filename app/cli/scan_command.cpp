// scan.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>

#include "app/cli/commands.h"
#include "app/cli/logging.h"
#include "app/cli/program.h"
#include "app/cli/terminal.h"
#include "engine/case/policy.h"
#include "engine/scan/scanner.h"

namespace conclave::cli {
namespace {

struct Arguments {
  std::vector<std::string> targets;
  int timeout_ms = scan::ScanOptions{}.timeout_ms;
  bool json = false;
};

Colour colour_of(scan::State state) {
  switch (state) {
    case scan::State::open:
      return Colour::green;
    case scan::State::filtered:
    case scan::State::cancelled:
    case scan::State::suspect:
    case scan::State::local_error:
      return Colour::yellow;
    default:
      return Colour::red;
  }
}

nlohmann::json as_json(const std::vector<scan::ScanResult>& results) {
  auto all = nlohmann::json::array();
  for (const scan::ScanResult& result : results) {
    all.push_back({{"name", result.target.name},
                   {"host", result.target.host},
                   {"port", result.target.port},
                   {"state", scan::state_name(result.state)},
                   {"latency_ms", result.latency_ms ? nlohmann::json(*result.latency_ms) : nlohmann::json(nullptr)},
                   {"address", result.address},
                   {"detail", result.detail},
                   {"time", format_time(result.time)}});
  }
  return all;
}

std::string milliseconds(const std::optional<double>& latency) {
  if (!latency) return "";
  const auto hundredths = std::llround(*latency * 100);
  return std::to_string(hundredths / 100) + "." + (hundredths % 100 < 10 ? "0" : "") + std::to_string(hundredths % 100) + " ms";
}

std::string as_table(const std::vector<scan::ScanResult>& results, bool colour) {
  Table table({"SERVICE", "STATE", "LATENCY", "ADDRESS", "DETAIL"});
  for (const scan::ScanResult& result : results) {
    table.add({{result.target.name},
               {std::string(scan::state_name(result.state)), colour_of(result.state)},
               {milliseconds(result.latency_ms), Colour::none, true},
               {result.address},
               {result.detail}});
  }
  return table.text(colour);
}

int scan_targets(Program& program, const Arguments& arguments) {
  std::vector<scan::Target> targets;
  bool understood = true;
  for (const std::string& text : arguments.targets) {
    const auto some = scan::parse_targets(text);
    if (!some) {
      program.failed(some.error());
      understood = false;
    } else {
      targets.insert(targets.end(), some->begin(), some->end());
    }
  }
  if (!understood) return exit_usage;
  const auto policy = policy_in_force();
  if (!policy) return program.failed(policy.error());
  audit(program, {audit_of_scan(targets, "command scan")});
  std::vector<scan::ScanResult> results;
  bool interrupted = false;
  {
    Running running(program, "scan");
    scan::ScanOptions options;
    options.timeout_ms = arguments.timeout_ms;
    results = scan::scan(targets, policy->within(options), running.job());
    interrupted = running.interrupted();
  }
  program.out.write(arguments.json ? json_text(as_json(results)) : as_table(results, wants_colour(STDOUT_FILENO)));
  if (interrupted) return exit_interrupted;
  const bool all_open =
      std::all_of(results.begin(), results.end(), [](const auto& each) { return each.state == scan::State::open; });
  return all_open ? exit_passed : exit_findings;
}

}  // namespace

void add_scan_command(CLI::App& app, Program& program) {
  auto* scan = app.add_subcommand("scan", "See which services answer; exit code 1 unless all are open");
  const auto arguments = std::make_shared<Arguments>();
  scan->add_option("TARGET", arguments->targets, "host:22,80,8000-8100, [::1]:443 or host:https")->required();
  scan->add_option("--timeout", arguments->timeout_ms, "How long to wait for an answer, in milliseconds")
      ->check(CLI::Range(1, 600'000))
      ->type_name("MS")
      ->capture_default_str();
  scan->add_flag("--json", arguments->json, "Print JSON");
  scan->callback([&program, arguments] { program.chosen = [&program, arguments] { return scan_targets(program, *arguments); }; });
}

}  // namespace conclave::cli
