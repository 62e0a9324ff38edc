// Whose change of mind would change the outcome. Internal to this room.
#pragma once

#include <vector>

#include "engine/consensus/circle.h"
#include "engine/consensus/conclude.h"
#include "engine/consensus/gate.h"

namespace conclave::consensus {

// The smallest sets of at most three voters of one scope who, by all changing to one other label (as if with proof), give the
// case another verdict or none. At most ten, in the order of scopes, voters and labels; the search is bounded and then
// incomplete.
[[nodiscard]] std::vector<Counterfactual> find_counterfactuals(const Circle& circle, const GateKeeper& gate);

}  // namespace conclave::consensus
