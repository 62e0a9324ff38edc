// Talks with services that a scan found open: what speaks there, how its certificate stands, how fast it answers. Hundreds at
// once on one loop; each service has limits of bytes and time of its own, so that none holds up another.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/scan/scanner.h"

namespace conclave::scan {

struct ProbeOptions {
  // Of protocols.h, for each service that is open, unless its target has needs or names another one. Empty: only those.
  std::string name = {};
};

// What one service may cost: silence of `timeout_ms` of the scan (as little as 60 % of that where everything is tried and the
// host is near), three times that in all once it speaks, and so many bytes.
inline constexpr int probe_time_factor_in_all = 3;
inline constexpr std::size_t most_probe_bytes = std::size_t{512} * 1024;  // of one connection

// Fills `facts` of those results that are open and to be probed, and what of their target's needs is not met. A result whose
// service cannot be talked with has facts that say so. Connects again, within forbids, per_second and max_per_host of `scan`.
// On the calling thread; after a stop of `job`, which is answered within 50 ms, the rest has no facts.
void probe(std::span<ScanResult> results, const ProbeOptions& options, const ScanOptions& scan, Job& job);

}  // namespace conclave::scan
