#include "engine/consensus/aggregation/agreement_alpha.h"

#include <gtest/gtest.h>
#include <oneapi/tbb/task_arena.h>

#include <cmath>

#include "tests/engine/consensus/crowd_builder.h"

namespace conclave::consensus::testing {
namespace {

Alpha alpha_of(const Rows& rows, std::uint64_t seed = 0) {
  Job job;
  return krippendorff_alpha(rows.table(), seed, job).value();
}

TEST(KrippendorffAlpha, is_that_of_its_authors_example) {
  // K. Krippendorff, "Computing Krippendorff's alpha-reliability", section C: four observers, twelve units, missing data; 0.743.
  const std::vector<std::vector<int>> said{{1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0},
                                           {1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3},
                                           {0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0},
                                           {1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0}};
  Rows rows;
  rows.counts = {12, 4, 6};
  for (std::uint32_t expert = 0; expert < 4; ++expert) {
    for (std::uint32_t item = 0; item < 12; ++item) {
      if (said[expert][item] != 0) rows.add(item, expert, static_cast<std::uint32_t>(said[expert][item]));
    }
  }
  const Alpha found = alpha_of(rows);
  EXPECT_NEAR(found.value, 0.743, 0.0005);
  EXPECT_EQ(found.items, 11U);
  EXPECT_EQ(found.labels, 40U);
  EXPECT_LT(found.low, found.value);
  EXPECT_GT(found.high, found.value);
}

TEST(KrippendorffAlpha, is_one_if_all_agree_and_nothing_where_nothing_varies) {
  EXPECT_DOUBLE_EQ(alpha_of(rows_of({{0, 0, 0}, {0, 1, 0}, {1, 0, 1}, {1, 1, 1}}, {2, 2, 2})).value, 1.0);
  EXPECT_TRUE(std::isnan(alpha_of(rows_of({{0, 0, 0}, {0, 1, 0}}, {1, 2, 1})).value));
  EXPECT_TRUE(std::isnan(alpha_of(rows_of({{0, 0, 0}, {1, 1, 1}}, {2, 2, 2})).value));  // nobody looked at the same item
  EXPECT_TRUE(std::isnan(alpha_of(Rows{}).high));
}

TEST(KrippendorffAlpha, is_about_zero_for_guesses_and_its_interval_holds_that) {
  const Alpha found = alpha_of(world(500, {0.5, 0.5, 0.5}, 2, 3));
  EXPECT_NEAR(found.value, 0.0, 0.08);
  EXPECT_LT(found.low, 0.0);
  EXPECT_GT(found.high, 0.0);
}

TEST(KrippendorffAlpha, draws_the_same_with_any_number_of_threads_and_other_draws_from_another_seed) {
  const Rows rows = world(100, {0.8, 0.7, 0.9}, 3, 5);
  oneapi::tbb::task_arena arena(1);
  const Alpha one = arena.execute([&] { return alpha_of(rows, 4); });
  EXPECT_EQ(one.low, alpha_of(rows, 4).low);
  EXPECT_EQ(one.high, alpha_of(rows, 4).high);
  EXPECT_NE(one.low, alpha_of(rows, 5).low);
}

}  // namespace
}  // namespace conclave::consensus::testing
