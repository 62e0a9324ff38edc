#include "engine/scan/history.h"

#include <algorithm>
#include <cmath>
#include <vector>

// Flapping as Nagios and Naemon find it ("Detection and Handling of State Flapping",
// https://www.naemon.io/documentation/usersguide/ flapping): of the 20 changes that there can be between 21 scans, those that
// there were, the newest weighing half as much again as the oldest, in percent. It starts at the high threshold and ends below
// the low one, 20 and 5 as both have them for services. Scans that were not made changed nothing.

namespace conclave::scan {
namespace {

constexpr std::size_t most_changes = 20;
constexpr double oldest_weight = 0.8;
constexpr double newest_weight = 1.2;
constexpr double starts_at = 20;
constexpr double ends_below = 5;

// Of the changes up to `end`; changed[i]: between the scans i and i + 1.
double percent_changed(std::span<const bool> changed) {
  const std::size_t seen = std::min(changed.size(), most_changes);
  double sum = 0;
  for (std::size_t back = 0; back < seen; ++back)
    if (changed[changed.size() - 1 - back])
      sum += newest_weight - (newest_weight - oldest_weight) * static_cast<double>(back) / (most_changes - 1);
  return sum * 100 / most_changes;
}

// The smallest that is not below `percent` of all (nearest rank, Hyndman and Fan's type 1).
double percentile(std::span<const double> sorted, double percent) {
  const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(sorted.size())));
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

void add_percentiles(History& history, std::vector<double> latencies) {
  history.latencies = latencies.size();
  if (latencies.empty()) return;
  std::ranges::sort(latencies);
  history.p50_ms = percentile(latencies, 50);
  history.p95_ms = percentile(latencies, 95);
  history.p99_ms = percentile(latencies, 99);
}

void add_flapping(History& history, std::span<const bool> changed) {
  for (std::size_t end = 1; end <= changed.size(); ++end) {
    history.flap_percent = percent_changed(changed.first(end));
    history.flapping = history.flap_percent >= (history.flapping ? ends_below : starts_at);
  }
}

nlohmann::json number_or_null(const std::optional<double>& number) { return number ? nlohmann::json(*number) : nullptr; }

}  // namespace

std::optional<History> history_of(std::span<const Observation> observations) {
  History out;
  const auto changed = std::make_unique<bool[]>(observations.size());
  std::vector<double> latencies;
  std::size_t ups = 0;
  for (const Observation& each : observations) {
    if (each.state == State::cancelled || each.state == State::local_error || each.state == State::suspect) continue;
    const bool up = each.state == State::open;
    ups += up ? 1 : 0;
    if (up && each.latency_ms && std::isfinite(*each.latency_ms)) latencies.push_back(*each.latency_ms);
    if (out.scans == 0) out.first = each.time;
    const bool change = out.scans > 0 && up != out.up;
    if (out.scans > 0) changed[out.scans - 1] = change;
    if (out.scans == 0 || change) {
      out.since = each.time;
      out.since_known = change;
    }
    out.changes += change ? 1 : 0;
    out.up = up;
    out.last = each.time;
    ++out.scans;
  }
  if (out.scans == 0) return std::nullopt;
  out.uptime = static_cast<double>(ups) / static_cast<double>(out.scans);
  add_flapping(out, {changed.get(), out.scans - 1});
  add_percentiles(out, std::move(latencies));
  return out;
}

nlohmann::json to_json(const History& history) {
  return {{"scans", history.scans},
          {"first", format_time(history.first)},
          {"last", format_time(history.last)},
          {"up", history.up},
          {"since", format_time(history.since)},
          {"since_known", history.since_known},
          {"uptime", history.uptime},
          {"changes", history.changes},
          {"flap_percent", history.flap_percent},
          {"flapping", history.flapping},
          {"latency_ms",
           {{"count", history.latencies},
            {"p50", number_or_null(history.p50_ms)},
            {"p95", number_or_null(history.p95_ms)},
            {"p99", number_or_null(history.p99_ms)}}}};
}

}  // namespace conclave::scan
