// Shapes that differ only in words that are parameters, grouped. Internal to the room.
#pragma once

#include <string>
#include <vector>

#include "engine/base/job.h"

namespace conclave::logs {

// The template text of each of `shapes` (all different). Depends on the set of shapes only, not on their order. Stops early, with
// what it has, when the job is stopped.
[[nodiscard]] std::vector<std::string> group_shapes(const std::vector<std::string>& shapes, const Job& job);

}  // namespace conclave::logs
