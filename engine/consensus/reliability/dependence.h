// How far faults of several scopes come together, from reports of which is known whether they should have passed.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <span>

#include "engine/consensus/reliability/lesson.h"

namespace conclave::consensus {

inline constexpr std::size_t least_for_dependence = 30;  // judged reports of several scopes

struct LearnedDependence {
  std::size_t judged = 0;  // reports of several scopes
  double strength = 0.0;   // voting.h; 0 with fewer than least_for_dependence
  bool operator==(const LearnedDependence&) const = default;
};

// Whatever the order of the cases, the same bits.
[[nodiscard]] LearnedDependence fit_dependence(std::span<const JudgedCase> cases);

[[nodiscard]] nlohmann::json to_json(const LearnedDependence& dependence);
// Kind serialization for anything that to_json does not write.
[[nodiscard]] Result<LearnedDependence> dependence_from_json(const nlohmann::json& json);

}  // namespace conclave::consensus
