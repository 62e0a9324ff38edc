// What changed between two scans, and whether services are as they should be.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/scan/scanner.h"

namespace conclave::scan {

// A service whose state changed. `before` is missing for one that only the later scan looked at, `after` for the reverse.
struct Difference {
  Target target;  // as the later scan calls it, if it does
  std::optional<State> before;
  std::optional<State> after;
  std::string detail;  // of `after`
};

// By host and port; in the order of `after`, then those that only `before` has. What a scan could not find out (dns_error of a
// resolver aside: cancelled and local_error) says nothing about the service and is no difference.
[[nodiscard]] std::vector<Difference> differences(std::span<const ScanResult> before, std::span<const ScanResult> after);

// Targets of a text with `expect` set: on each line targets as parse_targets takes them, white space, a state, and then perhaps
// p95_ms=50, a bound for the 95th percentile of latencies in milliseconds; after "open" also needs as JSON (probe/needs.h):
// host:443 open p95_ms=50 {"tls_valid_days": 14, "http": {"status": 200}}. # begins a comment. At most 1,000,000 lines of 65,536
// bytes, and as many targets. Errors are of kind parse with file:line.
[[nodiscard]] Result<std::vector<Target>> expectations_of(std::string_view text, const std::string& file_name);
[[nodiscard]] Result<std::vector<Target>> read_expectations(const std::string& path);  // of at most 64 MiB

// The 95th percentile of what is known: of its history, or of this scan alone.
[[nodiscard]] std::optional<double> p95_ms(const ScanResult& result);

// Why the bound for it is not kept, "p95 12.50 ms, above 10.00 ms"; empty where it is, or where there is none.
[[nodiscard]] std::string p95_flaw(const std::optional<double>& bound, const std::optional<double>& known);

// Nothing without `expect` and needs. Needs that nobody asked about are not met. With a bound for the 95th percentile that, too,
// has to be known and kept.
[[nodiscard]] std::optional<bool> as_expected(const ScanResult& result);

// One result per target, in their order, the last one known; cancelled for those without.
[[nodiscard]] std::vector<ScanResult> merged(std::span<const Target> targets, std::span<const ScanResult> earlier,
                                             std::span<const ScanResult> later);

}  // namespace conclave::scan
