#include "engine/case/scan_history.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <unordered_set>

#include "engine/base/ids.h"
#include "engine/base/time.h"

namespace conclave {
namespace {

using scan::ScanResult;
using scan::State;
using scan::Target;

std::string key_of(const std::string& host, std::uint16_t port) { return host + " " + std::to_string(port); }

bool before(const Target* a, const Target* b) { return std::tie(a->host, a->port) < std::tie(b->host, b->port); }

// Each once, by host and port, as parse_targets() reads them: "db:5432 [::1]:22,8000-8100".
std::string text_of(std::span<const Target> targets) {
  std::vector<const Target*> sorted;
  sorted.reserve(targets.size());
  for (const Target& target : targets) sorted.push_back(&target);
  std::ranges::sort(sorted, before);
  std::string text;
  const std::string* host = nullptr;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const std::uint16_t first = sorted[i]->port;
    if (host != nullptr && *host == sorted[i]->host) {
      text += ',';
    } else {
      host = &sorted[i]->host;
      const bool v6 = host->find(':') != std::string::npos;
      text.append(text.empty() ? "" : " ").append(v6 ? "[" + *host + "]" : *host).append(":");
    }
    while (i + 1 < sorted.size() && sorted[i + 1]->host == *host && sorted[i + 1]->port <= sorted[i]->port + 1) ++i;
    text += std::to_string(first);
    if (sorted[i]->port != first) text.append("-").append(std::to_string(sorted[i]->port));
  }
  return text;
}

std::vector<Target> targets_of(std::span<const ScanResult> results) {
  std::vector<Target> targets;
  targets.reserve(results.size());
  for (const ScanResult& result : results) targets.push_back(result.target);
  return targets;
}

// The state that so many services have that they are not kept one by one.
std::optional<State> most_common(std::span<const ScanResult> results) {
  std::map<State, std::size_t> counts;
  for (const ScanResult& result : results)
    if (result.state != State::open) ++counts[result.state];
  const auto most = std::ranges::max_element(counts, {}, &std::pair<const State, std::size_t>::second);
  if (most == counts.end() || most->second <= most_kept_of_a_state) return std::nullopt;
  return most->first;
}

Result<std::unordered_set<std::string>> services_in(const store::Store& history) {
  const auto rows = history.observed_services();
  if (!rows) return tl::unexpected(rows.error());
  std::unordered_set<std::string> known;
  known.reserve(rows->size());
  for (const store::ObservationRow& row : *rows) known.insert(key_of(row.host, row.port));
  return known;
}

}  // namespace

Target service_target(const std::string& host, std::uint16_t port) {
  const bool v6 = host.find(':') != std::string::npos;
  return {(v6 ? "[" + host + "]" : host) + ":" + std::to_string(port), host, port, {}};
}

Result<std::optional<std::int64_t>> keep_scan(store::Store& history, const std::string& occasion,
                                              std::span<const ScanResult> results, double seconds) {
  const auto stopped = [](const ScanResult& result) { return result.state == State::cancelled; };
  if (results.empty() || std::ranges::any_of(results, stopped)) return std::nullopt;
  const std::optional<State> rest = most_common(results);
  std::unordered_set<std::string> known;
  if (rest) {
    auto found = services_in(history);
    if (!found) return tl::unexpected(found.error());
    known = std::move(*found);
  }
  store::ScanRow row;
  row.seconds = seconds;
  row.occasion = occasion;
  row.targets = text_of(targets_of(results));
  row.targets_key = sha256(row.targets);
  row.rest = rest ? scan::state_name(*rest) : "";
  row.started = now_us();
  std::unordered_set<std::string> services;
  std::vector<store::ObservationRow> observations;
  for (const ScanResult& result : results) {
    if (result.time > 0) row.started = std::min(row.started, result.time);
    const std::string key = key_of(result.target.host, result.target.port);
    if (!services.insert(key).second) continue;
    row.open += result.state == State::open ? 1 : 0;
    if (result.state == rest && !known.contains(key)) continue;
    observations.push_back(
        {result.target.host, result.target.port, std::string(scan::state_name(result.state)), result.latency_ms, result.detail});
  }
  row.count = services.size();
  return history.add_scan(row, observations).map([](std::int64_t id) { return std::optional(id); });
}

Result<std::optional<std::int64_t>> find_scan(const store::Store& history, const std::string& which,
                                              std::span<const Target> targets) {
  if (which == "last") return history.last_scan(sha256(text_of(targets)));
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(which.data(), which.data() + which.size(), id);
  if (error != std::errc{} || end != which.data() + which.size())
    return fail(ErrorKind::invalid_argument, "a scan is named by its number, or as 'last'");
  return history.scan(id).map([](const store::ScanRow& row) { return std::optional(row.id); });
}

Result<std::vector<ScanResult>> results_of_scan(const store::Store& history, std::int64_t id) {
  const auto row = history.scan(id);
  if (!row) return tl::unexpected(row.error());
  const auto observations = history.observations(id);
  if (!observations) return tl::unexpected(observations.error());
  std::vector<ScanResult> results;
  std::unordered_set<std::string> found;
  for (const store::ObservationRow& each : *observations) {
    const auto state = scan::state_from_name(each.state);
    if (!state)
      return fail(ErrorKind::serialization, "scan " + std::to_string(id) + " has the unknown state '" + each.state + "'");
    found.insert(key_of(each.host, each.port));
    ScanResult& result = results.emplace_back();
    result.target = service_target(each.host, each.port);
    result.state = *state;
    result.latency_ms = each.latency_ms;
    result.detail = each.detail;
    result.time = row->started;
  }
  const auto rest = scan::state_from_name(row->rest);
  if (!rest) return results;
  auto targets = scan::parse_targets(row->targets);
  if (!targets) return fail(ErrorKind::serialization, "the targets of scan " + std::to_string(id) + " cannot be read back");
  for (Target& target : *targets) {
    if (found.contains(key_of(target.host, target.port))) continue;
    ScanResult& result = results.emplace_back();
    result.target = std::move(target);
    result.state = *rest;
    result.time = row->started;
  }
  return results;
}

Result<std::vector<scan::Observation>> observations_of(const store::Store& history, const Target& target) {
  const auto rows = history.observations_of(target.host, target.port, scans_looked_at);
  if (!rows) return tl::unexpected(rows.error());
  std::vector<scan::Observation> observations;
  observations.reserve(rows->size());
  for (const store::ServiceObservation& row : *rows)
    if (const auto state = scan::state_from_name(row.state)) observations.push_back({row.started, *state, row.latency_ms});
  return observations;
}

Result<void> add_histories(const store::Store& history, std::span<ScanResult> results) {
  const std::optional<State> rest = most_common(results);
  for (ScanResult& result : results) {
    if (result.state == rest) continue;
    const auto observations = observations_of(history, result.target);
    if (!observations) return tl::unexpected(observations.error());
    if (const auto found = scan::history_of(*observations)) result.history = std::make_shared<const scan::History>(*found);
  }
  return {};
}

}  // namespace conclave
