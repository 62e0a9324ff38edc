// The two steps of Dawid and Skene's iteration in one walk over the labels. Internal to this room.
#pragma once

#include <oneapi/tbb/cache_aligned_allocator.h>

#include <cstddef>
#include <optional>
#include <vector>

#include "engine/consensus/aggregation/expectation.h"

namespace conclave::consensus {

class FusedExpectation {
 public:
  // Nothing where counting by expert is as fast, for want of labels, where an expert or an item has so many that sums of floats
  // would be inexact, or there are more than eight classes.
  [[nodiscard]] static std::optional<FusedExpectation> of(const Crowd& crowd);

  // As expect() with rho 0, then count_labels() and column_sums(), but for the rounding of floats. The same for any number of
  // threads.
  double operator()(const Confusions& model, Grid& posterior, std::vector<double>& counts, std::vector<double>& sums);

 private:
  // By expert and label, for each class first the logarithm of the likelihood, then what the block counts.
  using Cells = std::vector<float, oneapi::tbb::cache_aligned_allocator<float>>;

  explicit FusedExpectation(const Crowd& crowd);
  template <std::size_t Classes>
  double walk(const Confusions& model, std::size_t block, Grid& posterior);

  const Crowd& crowd_;
  std::vector<Cells> cells_;  // by block
  std::vector<std::vector<double>> sums_;
};

}  // namespace conclave::consensus
