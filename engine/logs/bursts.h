// When a template came in bursts, and when it fell silent. Internal to the room but for its results.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/time.h"

namespace conclave::logs {

struct TemplateBurst {
  std::uint32_t found = 0;  // index of the template
  TimeUs from = 0;          // [from, to)
  TimeUs to = 0;
  std::uint64_t count = 0;
  double expected = 0;  // records, at its rate over all the time
  double weight = 0;    // how much better the burst explains the counts, as a natural logarithm of likelihoods
};

struct TemplateSilence {
  std::uint32_t found = 0;
  TimeUs from = 0;
  TimeUs to = 0;
  double expected = 0;  // records that should have been there
  double p_value = 1;   // of so long a silence anywhere in the log
};

// Runs of buckets [first, last); found, from and to of the caller.
struct BucketBurst {
  std::size_t first = 0;
  std::size_t last = 0;
  double weight = 0;
};
[[nodiscard]] std::vector<BucketBurst> find_bursts(std::span<const std::uint32_t> counts);

struct BucketSilence {
  std::size_t first = 0;
  std::size_t last = 0;
  double p_value = 1;
};
// The longest silence between two records, or up to the end.
[[nodiscard]] BucketSilence find_silence(std::span<const std::uint32_t> counts);

}  // namespace conclave::logs
