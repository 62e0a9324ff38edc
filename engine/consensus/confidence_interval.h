// How far the confidence depends on who was asked. Internal to this room.
#pragma once

#include <optional>
#include <utility>

#include "engine/consensus/circle.h"
#include "engine/consensus/voting.h"

namespace conclave::consensus {

// As ConsensusResult::confidence_interval says. Deterministic: the random numbers depend on who voted and nothing else.
[[nodiscard]] std::optional<std::pair<double, double>> confidence_interval(const Circle& circle, const CaseOutcome& outcome);

}  // namespace conclave::consensus
