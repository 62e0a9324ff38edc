// scan, once or over and over, with a probe of the user if one is named.
#include <CLI/CLI.hpp>
#include <chrono>
#include <optional>
#include <thread>
#include <unordered_map>

#include "app/cli/commands.h"
#include "app/cli/logging.h"
#include "app/cli/problems.h"
#include "app/cli/program.h"
#include "app/cli/scan_memory.h"
#include "app/cli/scan_output.h"
#include "app/cli/scripts.h"
#include "app/cli/terminal.h"
#include "engine/base/duration.h"
#include "engine/case/audit.h"
#include "engine/case/policy.h"
#include "engine/case/probes.h"
#include "engine/scan/probe/prober.h"
#include "engine/scan/probe/protocols.h"
#include "engine/scan/targets.h"
#include "scripting/circle.h"

namespace conclave::cli {
namespace {

using Clock = std::chrono::steady_clock;

enum class Format { table, json, csv, nmap_xml };

struct Arguments {
  std::vector<std::string> targets;
  std::string ports;  // of targets that name none
  int timeout_ms = scan::ScanOptions{}.timeout_ms;
  std::string rate;
  std::uint64_t seed = 0;    // 0: none
  std::string expectations;  // file; empty: every service should be open
  std::string watch;         // how often; empty: once
  std::string diff;          // the scan to compare with: a number, or "last"; empty: none
  bool no_history = false;
  std::string probe;  // name, of the engine's own or of a plugin; empty: none
  std::vector<std::string> plugins;
  std::vector<std::string> trusted;
  bool json = false;
  bool csv = false;
  bool nmap_xml = false;

  [[nodiscard]] Format format() const {
    if (json) return Format::json;
    if (csv) return Format::csv;
    return nmap_xml ? Format::nmap_xml : Format::table;
  }
};

// "1000" or "1000/s".
std::string problem_of_rate(std::string text) {
  if (text.ends_with("/s")) text.resize(text.size() - 2);
  double rate = 0;
  if (CLI::detail::lexical_cast(text, rate) && rate > 0 && rate <= 1e9) return {};
  return "write connections per second, for example 1000/s";
}

double rate_of(std::string text) {
  if (text.empty()) return 0;
  if (text.ends_with("/s")) text.resize(text.size() - 2);
  double rate = 0;
  CLI::detail::lexical_cast(text, rate);
  return rate;
}

constexpr std::size_t few = 50;

// What was found while it is found, where somebody watches and has to wait.
std::function<void(const scan::ScanResult&)> first_results(Program& program, const Arguments& arguments, std::size_t targets) {
  if (arguments.format() != Format::table || targets <= few || !is_terminal(program.out.descriptor())) return {};
  return [&program, shown = std::size_t{0}](const scan::ScanResult& result) mutable {
    if (result.state == scan::State::open && shown++ < few)
      program.screen.say(result.target.name + " is open " + milliseconds(result.latency_ms));
  };
}

struct Round {
  std::vector<scan::ScanResult> results;
  ScanSummary summary;
};

// `probes` holds what the targets name.
Result<Round> scan_once(Program& program, const Arguments& arguments, const std::vector<scan::Target>& targets,
                        const Probes& probes, Job& job) {
  const auto policy = policy_in_force();
  if (!policy) return tl::unexpected<Error>(policy.error());
  const auto begin = Clock::now();
  scan::ScanOptions options;
  options.timeout_ms = arguments.timeout_ms;
  options.per_second = rate_of(arguments.rate);
  if (arguments.seed != 0) options.seed = arguments.seed;
  options = policy->within(options);
  Round round;
  round.results = scan::scan(targets, options, job, first_results(program, arguments, targets.size()));
  scan::probe(round.results, {scan::is_probe_name(arguments.probe) ? arguments.probe : ""}, options, job);
  Result<Probed> probed;
  if (!probes.empty() && !job.stopped()) probed = ask_probes(round.results, probes, options, job);
  round.summary.interrupted = job.stopped();
  if (!probed && !round.summary.interrupted) return tl::unexpected<Error>(probed.error());
  if (probed) {
    for (std::size_t i = 0; i < probed->changes.size(); ++i)
      round.results[i] = with_change(std::move(round.results[i]), probed->changes[i]);
    for (const config::Problem& problem : probed->problems) program.complain(config::to_text(problem));
  }
  round.summary.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  round.summary.expectations_given = !arguments.expectations.empty();
  return round;
}

std::string text_of(const Round& round, const Arguments& arguments, bool colour) {
  switch (arguments.format()) {
    case Format::json:
      return scan_json(round.results, round.summary, "\n");
    case Format::csv:
      return scan_csv(round.results);
    case Format::nmap_xml:
      return scan_nmap_xml(round.results, round.summary);
    default:
      return scan_table(round.results, round.summary, colour);
  }
}

int exit_code_of(const Round& round) {
  if (round.summary.interrupted) return exit_interrupted;
  return all_hold(round.results, round.summary) ? exit_passed : exit_findings;
}

// After the first scan only what changed. JSON: one object a line.
int watch(Program& program, const Arguments& arguments, const std::vector<scan::Target>& targets, const Probes& probes) {
  const auto pause = std::chrono::microseconds(*parse_duration(arguments.watch));
  const bool colour = wants_colour(program.out.descriptor());
  Job job("scan");
  const Interrupts interrupts([&job] { job.request_stop(); }, true);  // also between two scans
  const auto history = arguments.no_history ? nullptr : open_scan_history(program);
  std::vector<scan::ScanResult> before;
  while (true) {
    const auto begin = Clock::now();
    auto round = scan_once(program, arguments, targets, probes, job);
    if (!round) return program.failed(round.error());
    if (history) remember(program, *history, round->results, round->summary);
    if (before.empty()) {
      program.out.write(arguments.json ? scan_json(round->results, round->summary, "") : text_of(*round, arguments, colour));
    } else {
      const auto changes = scan::differences(before, round->results);
      const std::string time = format_time(now_us());
      if (arguments.json) {
        program.out.write(nlohmann::json{{"time", time}, {"changes", differences_json(changes)}}.dump() + "\n");
      } else if (!changes.empty()) {
        program.out.write(time + "\n" + differences_text(changes, colour));
      }
    }
    if (round->summary.interrupted || program.out.closed()) return exit_code_of(*round);
    before = before.empty() ? std::move(round->results) : scan::merged(targets, before, round->results);
    while (!job.stopped() && Clock::now() < begin + pause) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (job.stopped()) return exit_interrupted;
  }
}

// The exit code.
int scan_with(Program& program, const Arguments& arguments, const std::vector<scan::Target>& targets, const Probes& probes) {
  audit(program, {audit_of_scan(targets, "command scan")});
  if (!arguments.watch.empty()) return watch(program, arguments, targets, probes);
  const auto history = arguments.no_history ? nullptr : open_scan_history(program);
  std::optional<Baseline> baseline;
  if (!arguments.diff.empty()) {
    if (!history) return exit_usage;
    auto found = find_baseline(*history, arguments.diff, targets);
    if (!found) return program.failed(found.error());
    baseline = std::move(*found);
    if (!baseline) program.remark("conclave: these targets were not scanned before");
  }
  std::optional<Running> running(std::in_place, program, "scan");
  auto round = scan_once(program, arguments, targets, probes, running->job());
  running.reset();
  if (!round) return program.failed(round.error());
  if (history) remember(program, *history, round->results, round->summary);
  if (baseline) round->summary.baseline = &*baseline;
  program.out.write(text_of(*round, arguments, wants_colour(program.out.descriptor())));
  return exit_code_of(*round);
}

// Of the command line and of the file with expectations, each once.
Result<std::vector<scan::Target>> all_targets(const Arguments& arguments) {
  std::vector<scan::Target> targets;
  if (!arguments.targets.empty() || arguments.expectations.empty()) {
    auto named = scan::targets_of(arguments.targets, arguments.ports);
    if (!named) return named;
    targets = std::move(*named);
  }
  if (arguments.expectations.empty()) return targets;
  auto expected = scan::read_expectations(arguments.expectations);
  if (!expected) return expected;
  const auto key = [](const scan::Target& target) { return target.host + " " + std::to_string(target.port); };
  std::unordered_map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < targets.size(); ++i) known.emplace(key(targets[i]), i);
  for (scan::Target& target : *expected) {
    const auto [found, fresh] = known.emplace(key(target), targets.size());
    if (fresh) {
      targets.push_back(std::move(target));
    } else {
      targets[found->second].expect = target.expect;
      targets[found->second].p95_ms = target.p95_ms;
      targets[found->second].needs = target.needs;
    }
  }
  return targets;
}

int scan_targets(Program& program, const Arguments& arguments) {
  auto found = all_targets(arguments);
  if (!found) {
    program.failed(found.error());
    return exit_usage;
  }
  std::vector<scan::Target>& targets = *found;
  if (arguments.probe.empty() || scan::is_probe_name(arguments.probe)) return scan_with(program, arguments, targets, {});

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

std::string names_of_probes() {
  std::string out;
  for (const std::string_view name : scan::probe_names())
    if (name != "auto") out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

// "--probe host:22": names have none of these characters, and targets do.
void take_target_for_name(Arguments& arguments) {
  if (arguments.probe.find_first_of(":@/.") != std::string::npos) {
    arguments.targets.insert(arguments.targets.begin(), arguments.probe);
    arguments.probe.clear();
  }
  if (arguments.probe.empty()) arguments.probe = "auto";
}

}  // namespace

void add_scan_command(CLI::App& app, Program& program) {
  auto* scan = app.add_subcommand("scan", "See which services answer; exit code 1 unless all are open");
  const auto arguments = std::make_shared<Arguments>();
  scan->add_option("TARGET", arguments->targets,
                   "host:22,80,8000-8100, [::1]:443, host:https, 10.0.0.0/24:22, or @FILE with such lines");
  scan->add_option("--ports", arguments->ports, "Ports of targets that name none")->type_name("PORTS");
  scan->add_option("--timeout", arguments->timeout_ms, "How long to wait for an answer, in milliseconds")
      ->check(CLI::Range(1, 600'000))
      ->type_name("MS")
      ->capture_default_str();
  scan->add_option("--rate", arguments->rate, "How many connections to start in a second, for example 1000/s")
      ->check(CLI::Validator(&problem_of_rate, "", "rate"))
      ->type_name("N/s");
  scan->add_option("--seed", arguments->seed, "Try hosts in the order of this number; otherwise in another one each time")
      ->type_name("N");
  scan->add_option("--expect", arguments->expectations,
                   "File with lines such as 'host:80 open' or 'host:80 open p95_ms=50' that say what should be; without it all "
                   "should be open")
      ->type_name("FILE");
  scan->add_option("--watch", arguments->watch, "Scan again after so long (30s, 5min), and say what changed, until Ctrl-C")
      ->check(CLI::Validator(
          [](const std::string& text) {
            const auto pause = parse_duration(text);
            return pause ? std::string() : pause.error().text();
          },
          "", "duration"))
      ->type_name("TIME");
  auto* diff = scan->add_option("--diff", arguments->diff,
                                "Also say what changed since this scan: a number of `conclave history scans`, or 'last' for the "
                                "last one of the same targets")
                   ->check(CLI::Validator(
                       [](const std::string& text) {
                         const bool number = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
                         return number || text == "last" ? std::string() : std::string("a number, or last");
                       },
                       "", "scan"))
                   ->type_name("SCAN");
  scan->add_flag("--no-history", arguments->no_history, "Neither look at earlier scans nor keep this one")->excludes(diff);
  auto* probe = scan->add_option("--probe", arguments->probe,
                                 "Say what speaks at each service that is open: auto (which is meant without a name), " +
                                     names_of_probes() + "; or the name of a plugin of kind probe")
                    ->expected(0, 1)
                    ->default_str("auto")
                    ->type_name("NAME");
  scan->add_option("--plugins", arguments->plugins,
                   "Another folder with plugins; naming it is consent to run the probe in a process of its own")
      ->type_name("DIR")
      ->allow_extra_args(false);
  scan->add_option("--trust", arguments->trusted, "Run this plugin inside the program and with all its rights")
      ->type_name("NAME")
      ->allow_extra_args(false);
  auto* as_json = scan->add_flag("--json", arguments->json, "Print JSON");
  auto* as_csv = scan->add_flag("--csv", arguments->csv, "Print CSV; with --probe also service, certificate and HTTP answer")
                     ->excludes(as_json);
  scan->add_flag("--nmap-xml", arguments->nmap_xml, "Print XML for tools that read nmap's")->excludes(as_json)->excludes(as_csv);
  scan->callback([&program, arguments, probe] {
    if (probe->count() > 0) take_target_for_name(*arguments);
    if (arguments->targets.empty() && arguments->expectations.empty()) throw CLI::RequiredError("TARGET");
    if (!arguments->watch.empty() && (arguments->csv || arguments->nmap_xml))
      throw CLI::ValidationError("--watch", "prints text, or with --json JSON");
    if (!arguments->diff.empty() && (arguments->csv || arguments->nmap_xml || !arguments->watch.empty()))
      throw CLI::ValidationError("--diff", "is of one scan, printed as text, or with --json as JSON");
    program.chosen = [&program, arguments] { return scan_targets(program, *arguments); };
  });
}

}  // namespace conclave::cli
