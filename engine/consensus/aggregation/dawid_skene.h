// How experts err, estimated together with the truth by expectation and maximisation. Internal to this room.
#pragma once

#include "engine/consensus/aggregation/expectation.h"

namespace conclave::consensus {

// When an iteration stops: as soon as an item's distribution changes by less than `change` on average, at the latest after
// `iterations`.
struct Stopping {
  double change = 1e-6;
  int iterations = 100;
};

template <class Model>
struct Fitted {
  Model model;
  Grid posterior;  // items x states
  int iterations = 0;
  bool converged = false;
};

// With `shared_labels`, each expert begins as if it had given so many labels of each class as all experts together do: who gave
// few labels is taken for an ordinary one.
[[nodiscard]] Fitted<Confusions> fit_dawid_skene(const Crowd& crowd, double shared_labels = 0.0, const Stopping& stopping = {});
[[nodiscard]] Fitted<Coins> fit_one_coin(const Crowd& crowd, const Stopping& stopping = {});
// Coins from items of known truth alone; all classes equally likely.
[[nodiscard]] Coins coins_of_known_items(const Crowd& crowd);

}  // namespace conclave::consensus
