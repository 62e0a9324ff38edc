// What a scan found, as each format has it.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/terminal.h"
#include "engine/scan/differences.h"

namespace conclave::cli {

// Expectations and numbers of a whole scan.
struct ScanSummary {
  double seconds = 0;
  bool expectations_given = false;  // else every service should be open
  bool interrupted = false;
};
// Whether the service is as it should be; nothing if nobody said how.
[[nodiscard]] std::optional<bool> holds(const scan::ScanResult& result, const ScanSummary& summary);
[[nodiscard]] bool all_hold(std::span<const scan::ScanResult> results, const ScanSummary& summary);

[[nodiscard]] Colour colour_of(scan::State state);
[[nodiscard]] std::string milliseconds(const std::optional<double>& latency);

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
