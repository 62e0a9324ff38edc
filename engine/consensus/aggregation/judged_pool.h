// The default pool where the truth of some items is known. Internal to this room.
#pragma once

#include "engine/base/error.h"
#include "engine/consensus/aggregation/expectation.h"

namespace conclave::consensus {

// As pool_of_models(), which see; at least one item has to be known. Errors as fit_conditional_logit().
[[nodiscard]] Result<Grid> judged_pool(const Crowd& crowd, std::size_t tables);

}  // namespace conclave::consensus
