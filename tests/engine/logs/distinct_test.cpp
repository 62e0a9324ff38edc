#include "engine/logs/distinct.h"

#include <gtest/gtest.h>

#include "engine/logs/line_sample.h"

namespace conclave::logs {
namespace {

DistinctCount count_of(std::uint64_t from, std::uint64_t to) {
  DistinctCount count;
  for (std::uint64_t i = from; i < to; ++i) count.add(mix_bits(i));
  return count;
}

TEST(DistinctCount, IsExactWhileItIsSmall) {
  EXPECT_EQ(DistinctCount().estimate(), 0U);
  DistinctCount count = count_of(0, 32);
  EXPECT_EQ(count.estimate(), 32U);
  count.add(mix_bits(7));
  EXPECT_EQ(count.estimate(), 32U);
}

TEST(DistinctCount, IsNearForMany) {
  for (const std::uint64_t size : {100U, 1000U, 3000U, 100'000U, 1'000'000U}) {
    const auto found = static_cast<double>(count_of(0, size).estimate());
    EXPECT_NEAR(found, static_cast<double>(size), 0.1 * static_cast<double>(size)) << size;
  }
}

TEST(DistinctCount, IsTheSameHoweverItWasMerged) {
  const std::uint64_t whole = count_of(0, 5000).estimate();
  for (const std::uint64_t cut : {1U, 20U, 40U, 2500U, 4990U}) {
    DistinctCount left = count_of(0, cut);
    left.merge(count_of(cut / 2, 5000));
    EXPECT_EQ(left.estimate(), whole) << cut;
    DistinctCount right = count_of(cut / 2, 5000);
    right.merge(count_of(0, cut));
    EXPECT_EQ(right.estimate(), whole) << cut;
  }
}

TEST(LineSample, IsTheSameHoweverItWasMerged) {
  LineSample whole;
  LineSample left;
  LineSample right;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    whole.add(i, 16);
    (i % 3 == 0 ? left : right).add(i, 16);
  }
  left.merge(right, 16);
  EXPECT_EQ(whole.offsets(), left.offsets());
  EXPECT_EQ(whole.size(), 16U);
}

}  // namespace
}  // namespace conclave::logs
