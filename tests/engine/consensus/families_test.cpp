#include "engine/consensus/aggregation/families.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/engine/consensus/crowd_builder.h"

namespace conclave::consensus::testing {
namespace {

// Experts are added that say what expert 0 says, except for a share of items on which they say anything.
Rows with_copies(Rows rows, std::size_t copies, double own_share, std::uint32_t seed) {
  std::mt19937 random(seed);
  const LabelTable table = rows.table();
  for (std::uint32_t item = 0; item < rows.counts.items; ++item) {
    for (std::uint32_t copy = 0; copy < copies; ++copy) {
      const bool own = static_cast<double>(random() % 10'000) < 10'000 * own_share;
      const auto any = static_cast<std::uint32_t>(random() % rows.counts.classes);
      rows.add(item, static_cast<std::uint32_t>(rows.counts.experts) + copy, own ? any : table.of_item(item)[0].label);
    }
  }
  rows.counts.experts += copies;
  return rows;
}

Families families(const Rows& rows) {
  const LabelTable table = rows.table();
  Job job;
  return find_families({table, {}, job, 0});
}

TEST(Families, leave_honest_experts_alone_however_often_they_agree) {
  EXPECT_EQ(families(world(500, {0.97, 0.96, 0.95, 0.96, 0.97, 0.94}, 2, 1)).count, 6U);
  EXPECT_EQ(families(world(500, {0.9, 0.85, 0.8, 0.9, 0.7, 0.6, 0.95}, 4, 2)).count, 7U);
  EXPECT_EQ(families(world(30, {0.9, 0.9, 0.9, 0.9, 0.9}, 2, 3)).count, 5U);
}

TEST(Families, find_copies_even_where_they_are_most_of_the_crowd) {
  const Families found = families(with_copies(world(400, {0.75, 0.8, 0.75, 0.8, 0.75, 0.8, 0.7, 0.75}, 3, 4), 11, 0.0, 5));
  EXPECT_EQ(found.count, 8U);
  for (std::size_t copy = 8; copy < 19; ++copy) EXPECT_EQ(found.of_expert[copy], found.of_expert[0]);
}

TEST(Families, find_copies_that_sometimes_say_something_else) {
  const Families found = families(with_copies(world(400, {0.7, 0.75, 0.7, 0.8, 0.7}, 3, 6), 3, 0.1, 7));
  EXPECT_EQ(found.count, 5U);
}

TEST(Families, are_not_made_of_a_handful_of_items) {
  EXPECT_EQ(families(with_copies(world(15, {0.7, 0.75, 0.7, 0.8, 0.7}, 3, 6), 3, 0.0, 7)).count, 8U);
}

TEST(Families, speak_with_the_voice_of_most_of_their_members) {
  // Experts 0 to 2 are a family, 3 is none. Item 0: two against one. Item 1: a tie that expert 3 decides. Item 2: a tie.
  const LabelTable table =
      rows_of({{0, 0, 1}, {0, 1, 1}, {0, 2, 0}, {1, 0, 0}, {1, 1, 1}, {1, 3, 1}, {2, 0, 0}, {2, 1, 1}, {2, 3, 2}}, {3, 4, 3})
          .table();
  const LabelTable merged = merged_families(table, {{0, 0, 0, 1}, 2});
  EXPECT_EQ(merged.experts(), 2U);
  ASSERT_EQ(merged.of_item(0).size(), 1U);
  EXPECT_EQ(merged.of_item(0)[0], (Mark{0, 1}));
  ASSERT_EQ(merged.of_item(1).size(), 2U);
  EXPECT_EQ(merged.of_item(1)[0], (Mark{0, 1}));
  ASSERT_EQ(merged.of_item(2).size(), 1U);
  EXPECT_EQ(merged.of_item(2)[0], (Mark{1, 2}));
}

TEST(Families, keep_a_good_crowd_good_when_clones_join_it) {
  const Rows originals = world(600, {0.45, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7}, 4, 8);
  const Rows cloned = with_copies(originals, 5, 0.0, 9);
  const double before = share_right(originals, verdicts(originals, Method::pool));
  EXPECT_GT(before, 0.95);
  EXPECT_LT(share_right(cloned, verdicts(cloned, Method::majority)), before - 0.03);
  EXPECT_GT(share_right(cloned, verdicts(cloned, Method::pool)), before - 0.005);
}

TEST(Families, make_duplicates_count_for_nothing) {
  const Rows originals = world(300, {0.75, 0.7, 0.8, 0.7, 0.75}, 3, 10);
  const Verdicts before = verdicts(originals, Method::pool);
  const Verdicts after = verdicts(with_copies(originals, 4, 0.0, 11), Method::pool);
  EXPECT_EQ(after.families, (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 0, 0, 0, 0}));
  for (std::size_t i = 0; i < before.probabilities.values.size(); ++i) {
    EXPECT_NEAR(after.probabilities.values[i], before.probabilities.values[i], 1e-9);
  }
}

}  // namespace
}  // namespace conclave::consensus::testing
