// What scans found of the services of a case before, as evidence: since when each is up or down, how steadily and how fast; and
// whether the 95th percentile that the case allows is kept.
#pragma once

#include <vector>

#include "engine/base/error.h"
#include "engine/case/case.h"
#include "engine/case/evidence.h"
#include "engine/config/problem.h"
#include "engine/scan/history.h"
#include "engine/store/store.h"

namespace conclave {

// One for each service of a case, oldest first.
using ServicesPast = std::vector<std::vector<scan::Observation>>;

// Without what is being found now.
[[nodiscard]] Result<ServicesPast> past_of_services(const store::Store& history, const Case& subject);

struct RememberedServices {
  EvidencePtr evidence;
  std::vector<config::Problem> problems;  // notes on percentiles that are of one scan alone
};

// New evidence with services.history, the scans of `past` and the one of the evidence together, and with what a bound p95_ms of
// the case says added to services.unmet. An empty `past`: no scan is remembered, and the one of the evidence is all there is.
[[nodiscard]] Result<RememberedServices> with_past_of_services(const Case& subject, const EvidencePtr& evidence,
                                                               const ServicesPast& past);

}  // namespace conclave
