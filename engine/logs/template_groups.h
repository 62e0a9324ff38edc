// Shapes that differ only in words that are parameters, grouped. Internal to the room.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/job.h"

namespace conclave::logs {

// The template text of each of `shapes` (all different), of which there are `lines` lines each. A template has as many words and
// signs as each of its shapes. Depends on the set of shapes and their lines only, not on their order. Stops early, with what it
// has, when the job is stopped.
[[nodiscard]] std::vector<std::string> group_shapes(const std::vector<std::string>& shapes,
                                                    const std::vector<std::uint64_t>& lines, const Job& job);

}  // namespace conclave::logs
