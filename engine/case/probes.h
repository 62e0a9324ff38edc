// Probes: functions of the host that talk with services a scan found open, and say more than that they are open. Each gets a
// connection of its own and has a completion; nothing here waits for one of them alone.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/case/case.h"
#include "engine/case/evidence.h"
#include "engine/case/report.h"
#include "engine/scan/scanner.h"

namespace conclave {

// A probe has its own limit of time, and at most so many times what the scan waits for an address.
inline constexpr double probe_time_factor = 10;
inline constexpr std::size_t most_probes = 16;  // at a time; the others are not connected meanwhile

struct Probe {
  ReceiptPlugin plugin;
  double time_s = 60;
  double grace_s = 2;  // beyond its time, to be started and to be ended; then its answer is not waited for
  // What has to be there before its time begins. May take long; once before anything is connected. May be empty.
  std::function<Result<void>(Job&)> prepare;
  // Begins to ask and returns. It owns `socket`: connected, close-on-exec, not blocking. `service`: as in a report's services.
  // `done`: at most once, from any thread, with null or fields of the service, which are not trusted. A stop of `job` ends it.
  std::function<void(int socket, nlohmann::json service, double seconds, JobPtr job,
                     std::function<void(Result<nlohmann::json>)> done)>
      start;
};
using Probes = std::map<std::string, Probe>;  // by the name of the plugin

// What probes said of some results of a scan.
struct Probed {
  std::vector<nlohmann::json> changes;    // for each result null, or state, latency_ms and detail as far as they change
  std::vector<ReceiptHook> hooks;         // in the order in which they answered
  std::vector<config::Problem> problems;  // a warning for each that failed, which stays open
};

// For each result that is open and whose target names one of `probes`, connects again within the time-out of `options` and has
// the probe asked; `most_probes` at a time. Kind cancelled after a stop.
[[nodiscard]] Result<Probed> ask_probes(std::span<const scan::ScanResult> results, const Probes& probes,
                                        const scan::ScanOptions& options, Job& job);

// The result with changes of ask_probes().
[[nodiscard]] scan::ScanResult with_change(scan::ScanResult result, const nlohmann::json& fields);

// The same for the services of a case, within the policy in force. Kind circle if it names a probe that is not among these.
struct ProbedServices {
  EvidencePtr evidence;
  std::vector<ReceiptHook> hooks;
  std::vector<config::Problem> problems;
};
[[nodiscard]] Result<ProbedServices> probe_services(const Case& subject, const EvidencePtr& evidence, const Probes& probes,
                                                    Job& job);
// Whether all are there.
[[nodiscard]] Result<void> check_probes(const Case& subject, const Probes& probes);

}  // namespace conclave
