// The default: several models of how experts err, each made as cautious as the labels ask for, and averaged. Internal to this
// room.
#pragma once

#include "engine/consensus/aggregation/expectation.h"

namespace conclave::consensus {

// Where all labels of all experts would take more memory than `tables` (doubles) only models without tables of errors take part.
[[nodiscard]] Grid pool_of_models(const Crowd& crowd, std::size_t tables);

}  // namespace conclave::consensus
