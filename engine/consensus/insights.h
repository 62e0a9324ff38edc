// What a reader should know beside the verdict. Internal to this room.
#pragma once

#include <vector>

#include "engine/consensus/circle.h"
#include "engine/consensus/conclude.h"

namespace conclave::consensus {

[[nodiscard]] std::vector<Insight> find_insights(const Circle& circle, double evidence_coverage);

}  // namespace conclave::consensus
