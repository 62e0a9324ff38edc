// Who only repeats another. Internal to this room.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/consensus/circle.h"

namespace conclave::consensus {

// Those whose say counts, voters or, without labels, all who answered, in families: near-identical texts with the same verdict,
// grouped by average linkage, and those of Circle::known_copies with the same verdict. Indices of members in increasing order;
// families by size, then by first member.
[[nodiscard]] std::vector<std::vector<std::size_t>> expert_families(const Circle& circle);

// L. Kish, "Survey Sampling", 1965: (sum of weights)^2 / sum of squared weights, where a family is one opinion, of the mean
// weight of its members. With `only`, sorted indices of members, of those alone.
[[nodiscard]] double effective_experts(const Circle& circle);
[[nodiscard]] double effective_experts(const Circle& circle, std::span<const std::size_t> only);

}  // namespace conclave::consensus
