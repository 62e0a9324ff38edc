// Edit distance between sequences of code points.
#pragma once

#include <cstddef>
#include <string_view>

namespace conclave::consensus {

// The least number of insertions, deletions and substitutions. Time |a| |b| / 64, memory of the order of |a| + |b|.
[[nodiscard]] std::size_t levenshtein_distance(std::u32string_view a, std::u32string_view b);

}  // namespace conclave::consensus
