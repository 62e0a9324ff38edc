// What a response that speaks of several labels says of each. Internal to this room.
#pragma once

#include "engine/consensus/response.h"
#include "engine/consensus/voting.h"

namespace conclave::consensus {

// The vote of a response with a known label; `labels` are those of the question.
[[nodiscard]] Vote vote_of(const ExpertResponse& response, std::size_t label, const Labels& labels);

}  // namespace conclave::consensus
