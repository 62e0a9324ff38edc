// Levenshtein distances among many texts, four pairs at a time. Internal to this room.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "engine/consensus/cosine.h"

namespace conclave::consensus {

// Calls `set(i, j, similarity)` once for every i < j whose similarity, 1 - distance / length of the longer, is at least `cutoff`,
// from the threads of `for_each`; all other pairs are left out, and cost less the greater the cutoff is. Exact, and so the same
// however the work is spread.
void each_edit_similarity(std::span<const std::u32string> texts, double cutoff, const ForEach& for_each,
                          const std::function<void(std::size_t, std::size_t, double)>& set);

}  // namespace conclave::consensus
