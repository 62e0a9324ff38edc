// Whose change of mind would change the outcome. Internal to this room.
#pragma once

#include <vector>

#include "engine/consensus/circle.h"
#include "engine/consensus/conclude.h"
#include "engine/consensus/gate.h"

namespace conclave::consensus {

// The smallest sets of voters of one scope who, by all changing to one other label (as if with proof), give the case another
// verdict or none; if no scope can do that alone, the smallest sets across the scopes that would have to change. At most ten, in
// the order of scopes, voters and labels; the sets of a large scope are then one for each label, and no less small.
[[nodiscard]] std::vector<Counterfactual> find_counterfactuals(const Circle& circle, const GateKeeper& gate);

}  // namespace conclave::consensus
