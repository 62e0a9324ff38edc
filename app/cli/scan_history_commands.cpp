// history scans, scan, services.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "app/cli/commands.h"
#include "app/cli/program.h"
#include "app/cli/scan_memory.h"
#include "app/cli/scan_output.h"
#include "app/cli/terminal.h"
#include "engine/case/scan_history.h"
#include "engine/scan/targets.h"
#include "engine/store/store.h"

namespace conclave::cli {
namespace {

using nlohmann::json;

json scan_json(const store::ScanRow& row) {
  return {{"id", row.id},           {"started", format_time(row.started)},
          {"seconds", row.seconds}, {"occasion", row.occasion},
          {"targets", row.targets}, {"count", row.count},
          {"open", row.open}};
}

int list_scans(Program& program, std::size_t limit, bool as_json) {
  const auto history = store::Store::open(store::default_store_path());
  if (!history) return program.failed(history.error());
  const auto rows = (*history)->list_scans(limit);
  if (!rows) return program.failed(rows.error());
  if (as_json) {
    auto all = json::array();
    for (const store::ScanRow& row : *rows) all.push_back(scan_json(row));
    program.out.write(json_text(all));
    return exit_passed;
  }
  Table table({"SCAN", "STARTED", "OPEN", "TARGETS", "OCCASION", ""});
  constexpr std::size_t most = 60;
  for (const store::ScanRow& row : *rows) {
    table.add({{std::to_string(row.id), Colour::none, true},
               {human_time(row.started)},
               {grouped(row.open), Colour::none, true},
               {grouped(row.count), Colour::none, true},
               {row.occasion},
               {row.targets.size() > most ? row.targets.substr(0, most) + "..." : row.targets}});
  }
  program.out.write(rows->empty() ? "no scan is in the history\n" : table.text(wants_colour(program.out.descriptor())));
  return exit_passed;
}

int show_scan(Program& program, std::int64_t id, const std::string& diff, bool as_json) {
  const auto history = store::Store::open(store::default_store_path());
  if (!history) return program.failed(history.error());
  auto results = results_of_scan(**history, id);
  if (!results) return program.failed(results.error());
  const auto row = (*history)->scan(id);
  if (!row) return program.failed(row.error());
  ScanSummary summary;
  summary.seconds = row->seconds;
  summary.scan = id;
  std::optional<Baseline> baseline;
  if (!diff.empty()) {
    auto found = find_baseline(**history, diff, {});
    if (!found) return program.failed(found.error());
    baseline = std::move(*found);
    if (baseline) summary.baseline = &*baseline;
  }
  program.out.write(as_json ? scan_json(*results, summary, "\n")
                            : scan_table(*results, summary, wants_colour(program.out.descriptor())));
  return exit_passed;
}

int show_services(Program& program, const std::vector<std::string>& words, bool as_json) {
  const auto history = store::Store::open(store::default_store_path());
  if (!history) return program.failed(history.error());
  std::vector<scan::Target> targets;
  if (words.empty()) {
    const auto rows = (*history)->observed_services();
    if (!rows) return program.failed(rows.error());
    for (const store::ObservationRow& row : *rows) targets.push_back(service_target(row.host, row.port));
  } else {
    auto named = scan::targets_of(words);
    if (!named) return program.failed(named.error());
    targets = std::move(*named);
  }
  auto all = json::array();
  Table table({"SERVICE", "UPTIME", "SCANS", "CHANGES", "FLAPPING", "P50", "P95", "P99", "SINCE"});
  for (const scan::Target& target : targets) {
    const auto observations = observations_of(**history, target);
    if (!observations) return program.failed(observations.error());
    const auto known = scan::history_of(*observations);
    if (as_json) {
      all.push_back({{"target", target.name},
                     {"host", target.host},
                     {"port", target.port},
                     {"history", known ? to_json(*known) : json(nullptr)}});
      continue;
    }
    if (!known) {
      table.add({{target.name}, {"never scanned", Colour::dim}});
      continue;
    }
    table.add({{target.name},
               {percent(known->uptime), Colour::none, true},
               {grouped(known->scans), Colour::none, true},
               {grouped(known->changes), Colour::none, true},
               {known->flapping ? "flapping" : "", Colour::yellow},
               {milliseconds(known->p50_ms), Colour::none, true},
               {milliseconds(known->p95_ms), Colour::none, true},
               {milliseconds(known->p99_ms), Colour::none, true},
               {since_words(*known), known->up ? Colour::green : Colour::red}});
  }
  if (as_json)
    program.out.write(json_text(all));
  else
    program.out.write(targets.empty() ? "no scan is in the history\n" : table.text(wants_colour(program.out.descriptor())));
  return exit_passed;
}

}  // namespace

void add_scan_history_commands(CLI::App& history, Program& program) {
  const auto json = std::make_shared<bool>(false);
  auto* scans = history.add_subcommand("scans", "The newest scans first");
  const auto limit = std::make_shared<std::size_t>(50);
  scans->add_option("--limit", *limit, "How many")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  scans->add_flag("--json", *json, "Print JSON");
  scans->callback(
      [&program, limit, json] { program.chosen = [&program, limit, json] { return list_scans(program, *limit, *json); }; });

  auto* scan = history.add_subcommand("scan", "What a scan found, and what differs from another one");
  const auto id = std::make_shared<std::int64_t>(0);
  const auto other = std::make_shared<std::int64_t>(0);
  scan->add_option("SCAN", *id, "Its number")->required()->check(CLI::PositiveNumber);
  scan->add_option("--diff", *other, "Also say what changed since this scan")->check(CLI::PositiveNumber)->type_name("SCAN");
  scan->add_flag("--json", *json, "Print JSON");
  scan->callback([&program, id, other, json] {
    program.chosen = [&program, id, other, json] {
      return show_scan(program, *id, *other == 0 ? std::string() : std::to_string(*other), *json);
    };
  });

  auto* services =
      history.add_subcommand("services", "Since when services are up or down, how steadily, and how fast they answer");
  const auto words = std::make_shared<std::vector<std::string>>();
  services->add_option("TARGET", *words, "Such as host:22,80; all that scans found, if none is named");
  services->add_flag("--json", *json, "Print JSON");
  services->callback(
      [&program, words, json] { program.chosen = [&program, words, json] { return show_services(program, *words, *json); }; });
}

}  // namespace conclave::cli
