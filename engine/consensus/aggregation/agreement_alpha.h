// How far many judges agree about many items, whoever of them looked at which.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/base/error.h"
#include "engine/consensus/aggregation/label_table.h"

namespace conclave::consensus {

struct Alpha {
  double value = 0;  // at most 1 (all agree); 0: as by chance; negative: less than that. NaN where nothing can vary
  double low = 0;    // the middle 95 % of what other draws of as many items would have given; NaN where value is
  double high = 0;
  std::size_t items = 0;   // with at least two labels; no other counts
  std::size_t labels = 0;  // of those items
};

// Krippendorff's alpha for names (nominal data). Interval by a bootstrap of `draws` draws over items, from `seed`; the same for
// any number of threads. Errors: cancelled.
[[nodiscard]] Result<Alpha> krippendorff_alpha(const LabelTable& table, std::uint64_t seed, Job& job, std::size_t draws = 1000);

}  // namespace conclave::consensus
