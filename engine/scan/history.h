// What many scans of one service say: since when it is up or down, how much of the time, how steadily and how fast.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "engine/base/time.h"
#include "engine/scan/scanner.h"

namespace conclave::scan {

struct Observation {
  TimeUs time = 0;
  State state = State::cancelled;
  std::optional<double> latency_ms = {};
};

// Up is open, down is all else. What a scan could not find out (cancelled, local_error) counts nowhere.
struct History {
  std::size_t scans = 0;
  TimeUs first = 0;
  TimeUs last = 0;
  bool up = false;           // at the last scan
  TimeUs since = 0;          // of the first scan after which it was always so
  bool since_known = false;  // a scan before that found the opposite; otherwise it is so for longer than is known
  double uptime = 0;         // share of the scans that found it up
  std::size_t changes = 0;   // between up and down
  // How much it changed between up and down in the last 21 scans, in percent, and whether it flaps: since it came to 20, until it
  // is below 5.
  double flap_percent = 0;
  bool flapping = false;
  std::size_t latencies = 0;  // how many the percentiles are of: those of scans that found it up
  std::optional<double> p50_ms = {};
  std::optional<double> p95_ms = {};
  std::optional<double> p99_ms = {};
  bool operator==(const History&) const = default;
};

// Observations in the order of time; nothing if none of them found anything out.
[[nodiscard]] std::optional<History> history_of(std::span<const Observation> observations);

// Times as ISO 8601, latencies under "latency_ms".
[[nodiscard]] nlohmann::json to_json(const History& history);

}  // namespace conclave::scan
