// How far the confidence depends on who was asked. Internal to this room.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "engine/consensus/circle.h"
#include "engine/consensus/voting.h"

namespace conclave::consensus {

// As ConsensusResult::confidence_interval says; `judged` answers by expert. Deterministic: the random numbers depend on who voted
// and, where a family is alone in its scope, on what it says.
[[nodiscard]] std::optional<std::pair<double, double>> confidence_interval(const Circle& circle, const CaseOutcome& outcome,
                                                                           const std::map<std::string, std::size_t>& judged);

}  // namespace conclave::consensus
