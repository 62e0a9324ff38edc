// Who only repeats whom: near-copies among experts, whose votes are one. Internal to this room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/consensus/aggregation/label_table.h"

namespace conclave::consensus {

struct Families {
  std::vector<std::uint32_t> of_expert;  // its family; numbered by their first experts
  std::size_t count = 0;                 // experts that repeat nobody are families of one
};

// Deterministic. Only experts with at least 20 items in common are compared, and of those the thousand with most labels.
[[nodiscard]] Families find_families(const Crowd& crowd);

// A table in which each family is an expert, and says of each item what most of its members say.
[[nodiscard]] LabelTable merged_families(const LabelTable& table, const Families& families);

}  // namespace conclave::consensus
