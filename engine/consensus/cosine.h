// Cosines of the TF-IDF vectors of many texts. Internal to this room.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

namespace conclave::consensus {

// Calls `work` for every index below `count`, on one thread or on several.
using ForEach = std::function<void(std::size_t count, const std::function<void(std::size_t)>& work)>;

// Calls `set(i, j, cosine)` once for every i < j, from the threads of `for_each`. The same bits however the work is spread, and
// permuted with its texts, which are folded. Sums are float32 beyond 512 texts (errors below 1e-5), else float64.
void each_cosine(std::span<const std::u32string> texts, const ForEach& for_each,
                 const std::function<void(std::size_t, std::size_t, double)>& set);

}  // namespace conclave::consensus
