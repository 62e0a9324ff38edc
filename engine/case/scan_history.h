// Scans in the history: kept, found again, and what they say together of a service.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/scan/differences.h"
#include "engine/scan/history.h"
#include "engine/store/store.h"

namespace conclave {

// Of scans that find more than this many services in a state other than open, those are kept as a state for all of them, unless
// something is known of the service already.
inline constexpr std::size_t most_kept_of_a_state = 1000;
// How far back History looks.
inline constexpr std::size_t scans_looked_at = 1000;

// "host:port", with brackets where an IPv6 address needs them.
[[nodiscard]] scan::Target service_target(const std::string& host, std::uint16_t port);

// Its id; nothing for a scan that was stopped, or of nothing, which is not kept. The time of a scan is that of its first result,
// or now.
[[nodiscard]] Result<std::optional<std::int64_t>> keep_scan(store::Store& history, const std::string& occasion,
                                                            std::span<const scan::ScanResult> results, double seconds);

// "last": the newest scan of the same targets, in whatever order, or nothing; otherwise an id, kind not_found for one that is not
// there and invalid_argument for what is none.
[[nodiscard]] Result<std::optional<std::int64_t>> find_scan(const store::Store& history, const std::string& which,
                                                            std::span<const scan::Target> targets);

// What a scan found, by host and port. Addresses, names and expectations are not kept; `time` is that of the whole scan.
[[nodiscard]] Result<std::vector<scan::ScanResult>> results_of_scan(const store::Store& history, std::int64_t id);

// Its last 1,000 scans.
[[nodiscard]] Result<std::vector<scan::Observation>> observations_of(const store::Store& history, const scan::Target& target);

// Sets `history` of results, but not of those of which a wide scan kept only the state of all.
[[nodiscard]] Result<void> add_histories(const store::Store& history, std::span<scan::ScanResult> results);

}  // namespace conclave
