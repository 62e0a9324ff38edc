// How experts err, and how sure one may be of it: Bayesian combination of classifiers. Internal to this room.
#pragma once

#include "engine/consensus/aggregation/dawid_skene.h"

namespace conclave::consensus {

// Experts err independently, given the class.
[[nodiscard]] Fitted<Confusions> fit_ibcc(const Crowd& crowd, const Stopping& stopping = {});
// Classes have hidden kinds of items, in which experts err together: what looks like clones may be hard items. From crowd.seed.
[[nodiscard]] Fitted<Confusions> fit_ebcc(const Crowd& crowd, const Stopping& stopping = {1e-4, 100});
inline constexpr std::size_t ebcc_kinds = 10;  // of items per class

}  // namespace conclave::consensus
