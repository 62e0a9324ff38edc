// Aggregation by counting: shares of votes, plain or by how often an expert is with the rest. Internal to this room.
#pragma once

#include <vector>

#include "engine/consensus/aggregation/expectation.h"

namespace conclave::consensus {

// By expert, the share of its labels that the most voted class of the item agrees with (a part of it where several are tied).
[[nodiscard]] std::vector<double> agreement_with_majority(const Crowd& crowd);

// Shares of votes that count as much as their expert agrees with the majority.
[[nodiscard]] Grid wawa_shares(const Crowd& crowd);

}  // namespace conclave::consensus
