#include "engine/vectors/describe.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace conclave::vectors {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

std::vector<double> column(const std::vector<double>& values) {
  Job job;
  const auto table = describe(MatrixView<double>{values.data(), values.size(), 1, 1, 1}, job);
  EXPECT_TRUE(table);
  return {table->data.get(), table->data.get() + statistic_count};
}

TEST(Describe, says_count_nans_mean_deviation_least_median_p95_and_greatest) {
  // The numbers are those of numpy.nanmean, nanstd, nanpercentile.
  const auto all = column({4, 1, nan, 3, 2, nan, 10});
  EXPECT_EQ(all[0], 5);
  EXPECT_EQ(all[1], 2);
  EXPECT_DOUBLE_EQ(all[2], 4.0);
  EXPECT_DOUBLE_EQ(all[3], std::sqrt(10.0));
  EXPECT_EQ(all[4], 1);
  EXPECT_EQ(all[5], 3);
  EXPECT_DOUBLE_EQ(all[6], 8.8);
  EXPECT_EQ(all[7], 10);
  EXPECT_DOUBLE_EQ(column({1, 2})[5], 1.5);
}

TEST(Describe, has_only_counts_for_a_column_without_numbers) {
  const auto none = column({nan, nan});
  EXPECT_EQ(none[0], 0);
  EXPECT_EQ(none[1], 2);
  for (std::size_t i = 2; i < statistic_count; ++i) EXPECT_TRUE(std::isnan(none[i])) << i;
  EXPECT_EQ(column({})[0], 0);
}

TEST(Describe, keeps_its_digits_far_from_zero) { EXPECT_DOUBLE_EQ(column({1e9 + 1, 1e9 + 2, 1e9 + 3})[3], std::sqrt(2.0 / 3.0)); }

TEST(Describe, bears_infinities) {
  const auto all = column({inf, inf, 1, -inf});
  EXPECT_EQ(all[4], -inf);
  EXPECT_EQ(all[5], inf);
  EXPECT_EQ(all[6], inf);
  EXPECT_TRUE(std::isnan(all[2]));
  EXPECT_EQ(column({7})[6], 7);
}

TEST(Describe, takes_strided_tables_of_both_types_column_by_column) {
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};  // columns first: (1, 2), (3, 4), (5, 6)
  Job job;
  const auto table = describe(MatrixView<float>{values.data(), 2, 3, 1, 2}, job);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->rows, statistic_count);
  EXPECT_EQ(table->columns, 3U);
  for (std::size_t c = 0; c < 3; ++c) EXPECT_DOUBLE_EQ(table->data[2 * 3 + c], 1.5 + 2.0 * static_cast<double>(c));
  job.request_stop();
  EXPECT_EQ(describe(MatrixView<float>{values.data(), 2, 3, 1, 2}, job).error().kind, ErrorKind::cancelled);
}

}  // namespace
}  // namespace conclave::vectors
