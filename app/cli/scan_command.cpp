// scan, with a probe of the user if one is named.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <optional>

#include "app/cli/commands.h"
#include "app/cli/logging.h"
#include "app/cli/problems.h"
#include "app/cli/program.h"
#include "app/cli/scripts.h"
#include "app/cli/terminal.h"
#include "engine/case/audit.h"
#include "engine/case/policy.h"
#include "engine/case/probes.h"
#include "engine/scan/scanner.h"
#include "scripting/circle.h"

namespace conclave::cli {
namespace {

struct Arguments {
  std::vector<std::string> targets;
  int timeout_ms = scan::ScanOptions{}.timeout_ms;
  std::string probe;  // name; empty: none
  std::vector<std::string> plugins;
  std::vector<std::string> trusted;
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

// The exit code. `probes` holds what the targets name.
int scan_with(Program& program, const Arguments& arguments, const std::vector<scan::Target>& targets, const Probes& probes) {
  const auto policy = policy_in_force();
  if (!policy) return program.failed(policy.error());
  audit(program, {audit_of_scan(targets, "command scan")});
  std::vector<scan::ScanResult> results;
  std::optional<Running> running(std::in_place, program, "scan");
  scan::ScanOptions options;
  options.timeout_ms = arguments.timeout_ms;
  options = policy->within(options);
  results = scan::scan(targets, options, running->job());
  Result<Probed> probed;
  if (!probes.empty() && !running->job().stopped()) probed = ask_probes(results, probes, options, running->job());
  const bool interrupted = running->interrupted();
  running.reset();
  if (!probed && !interrupted) return program.failed(probed.error());
  if (probed) {
    for (std::size_t i = 0; i < probed->changes.size(); ++i) results[i] = with_change(std::move(results[i]), probed->changes[i]);
    for (const config::Problem& problem : probed->problems) program.complain(config::to_text(problem));
  }
  program.out.write(arguments.json ? json_text(as_json(results)) : as_table(results, wants_colour(program.out.descriptor())));
  if (interrupted) return exit_interrupted;
  const bool all_open =
      std::all_of(results.begin(), results.end(), [](const auto& each) { return each.state == scan::State::open; });
  return all_open ? exit_passed : exit_findings;
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
  if (arguments.probe.empty()) return scan_with(program, arguments, targets, {});

  const scripting::CircleRequest request{{}, {arguments.plugins.begin(), arguments.plugins.end()}, {}, arguments.trusted};
  const auto plugin = scripting::choose_probe(arguments.probe, request, scripting::HostPaths::of_this_program().plugins);
  if (!plugin) return program.failed(plugin.error());
  for (scan::Target& target : targets) target.probe = plugin->name;
  audit(program, {AuditLine{"plugin.run", plugin->name + " " + plugin->version, plugin->sha256}});
  program.out.keep_to_itself();
  const auto host = start_scripts(remarks_of_experts(program));
  if (!host) return program.failed(host.error());
  leave(**host, program.finish(scan_with(program, arguments, targets, {{plugin->name, (*host)->probe(*plugin)}})));
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
  scan->add_option("--probe", arguments->probe, "Talk with each service that is open by this plugin of kind probe")
      ->type_name("NAME");
  scan->add_option("--plugins", arguments->plugins,
                   "Another folder with plugins; naming it is consent to run the probe in a process of its own")
      ->type_name("DIR")
      ->allow_extra_args(false);
  scan->add_option("--trust", arguments->trusted, "Run this plugin inside the program and with all its rights")
      ->type_name("NAME")
      ->allow_extra_args(false);
  scan->add_flag("--json", arguments->json, "Print JSON");
  scan->callback([&program, arguments] { program.chosen = [&program, arguments] { return scan_targets(program, *arguments); }; });
}

}  // namespace conclave::cli
