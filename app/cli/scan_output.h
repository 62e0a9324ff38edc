// What a scan found, as each format has it.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/terminal.h"
#include "engine/base/time.h"
#include "engine/scan/differences.h"
#include "engine/scan/history.h"

namespace conclave::cli {

// What an earlier scan found.
struct Baseline {
  std::int64_t scan = 0;
  TimeUs started = 0;
  std::vector<scan::ScanResult> results;
};

// Expectations and numbers of a whole scan.
struct ScanSummary {
  double seconds = 0;
  bool expectations_given = false;  // else every service should be open
  bool interrupted = false;
  std::optional<std::int64_t> scan = {};  // its number in the history
  const Baseline* baseline = nullptr;     // whose differences are shown; outlives the summary
};
// Whether the service is as it should be; nothing if nobody said how.
[[nodiscard]] std::optional<bool> holds(const scan::ScanResult& result, const ScanSummary& summary);
[[nodiscard]] bool all_hold(std::span<const scan::ScanResult> results, const ScanSummary& summary);

[[nodiscard]] Colour colour_of(scan::State state);
[[nodiscard]] std::string milliseconds(const std::optional<double>& latency);
[[nodiscard]] std::string percent(double share);                      // 99.5%
[[nodiscard]] std::string since_words(const scan::History& history);  // "up since 2026-03-01T12:00:00Z"

// Where more than 50 have the same state other than open, and nobody said how they should be, they are one line.
[[nodiscard]] std::string scan_table(std::span<const scan::ScanResult> results, const ScanSummary& summary, bool colour);
// `separator` stands before each result and the summary: "\n" gives them lines of their own.
[[nodiscard]] std::string scan_json(std::span<const scan::ScanResult> results, const ScanSummary& summary,
                                    std::string_view separator);
[[nodiscard]] std::string scan_csv(std::span<const scan::ScanResult> results);  // RFC 4180, with a head
[[nodiscard]] std::string scan_nmap_xml(std::span<const scan::ScanResult> results, const ScanSummary& summary);

[[nodiscard]] std::string differences_text(std::span<const scan::Difference> differences, bool colour);  // one a line
[[nodiscard]] nlohmann::json differences_json(std::span<const scan::Difference> differences);

}  // namespace conclave::cli
