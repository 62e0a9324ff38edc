// Aggregation of opinions that are distributions rather than labels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/consensus/aggregation/aggregate.h"

namespace conclave::consensus {

struct Opinions {
  std::span<const std::uint32_t> items;
  std::span<const std::uint32_t> experts;  // as many
  const Grid& probabilities;               // as many rows, a column for each class; each row sums to 1
  std::size_t item_count = 0;
  std::size_t expert_count = 0;
  std::span<const std::int32_t> truth;  // by item its true class, -1 where nobody knows; empty: of none
};

enum class PoolKind : std::uint8_t { linear, logarithmic };

// As aggregate(): deterministic, also in the order of the rows; reliability is how much probability an expert gave to what the
// result holds for true. An item without an opinion has all classes equally. The exponent of the logarithmic pool is 1 unless the
// truth of some items is known.
[[nodiscard]] Verdicts pool_opinions(const Opinions& opinions, PoolKind kind);

}  // namespace conclave::consensus
