#include "engine/consensus/aggregation/aggregate.h"

#include <gtest/gtest.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "tests/engine/consensus/crowd_builder.h"

namespace conclave::consensus::testing {
namespace {

class EveryMethod : public ::testing::TestWithParam<Method> {};

std::string name_of(const ::testing::TestParamInfo<Method>& each) {
  return std::string(method_names[static_cast<std::size_t>(each.param)]);
}
INSTANTIATE_TEST_SUITE_P(Aggregation, EveryMethod,
                         ::testing::Values(Method::pool, Method::majority, Method::wawa, Method::dawid_skene, Method::one_coin,
                                           Method::ibcc, Method::ebcc),
                         name_of);

void expect_distributions(const Verdicts& found) {
  for (std::size_t item = 0; item < found.probabilities.rows; ++item) {
    const auto row = found.probabilities.row(item);
    EXPECT_NEAR(std::accumulate(row.begin(), row.end(), 0.0), 1.0, 1e-9);
    for (const double share : row) EXPECT_TRUE(share >= 0.0 && share <= 1.0 + 1e-12) << share;
  }
  for (const double each : found.reliability) EXPECT_TRUE(each > 0.0 && each < 1.0) << each;
}

TEST_P(EveryMethod, finds_the_truth_that_most_of_a_good_crowd_sees) {
  const Rows rows = world(300, {0.8, 0.75, 0.85, 0.7, 0.8, 0.75, 0.8}, 3, 1);
  const Verdicts found = verdicts(rows, GetParam());
  EXPECT_GT(share_right(rows, found), 0.95);
  expect_distributions(found);
}

TEST_P(EveryMethod, has_nothing_to_say_of_nothing) {
  const Verdicts found = verdicts(Rows{}, GetParam());
  EXPECT_TRUE(found.labels.empty() && found.reliability.empty() && found.probabilities.values.empty());
}

TEST_P(EveryMethod, believes_a_lone_expert_for_want_of_others) {
  const Verdicts found = verdicts(rows_of({{0, 0, 1}, {1, 0, 0}, {2, 0, 1}, {3, 0, 0}}, {4, 1, 2}), GetParam());
  EXPECT_EQ(found.labels, (std::vector<std::int32_t>{1, 0, 1, 0}));
  expect_distributions(found);
}

TEST_P(EveryMethod, is_certain_where_there_is_only_one_class) {
  const Verdicts found = verdicts(rows_of({{0, 0, 0}, {0, 1, 0}, {1, 1, 0}}, {2, 2, 1}), GetParam());
  EXPECT_EQ(found.labels, (std::vector<std::int32_t>{0, 0}));
  EXPECT_NEAR(found.probabilities.row(1)[0], 1.0, 1e-12);
}

TEST_P(EveryMethod, names_no_winner_of_a_tie) {
  const Verdicts found = verdicts(rows_of({{0, 0, 0}, {0, 1, 1}}, {1, 2, 2}), GetParam());
  if (GetParam() == Method::ebcc) {
    expect_distributions(found);  // starts at random, so that it comes down on one side
  } else {
    EXPECT_EQ(found.labels, (std::vector<std::int32_t>{-1}));
  }
}

TEST_P(EveryMethod, takes_labels_that_are_all_different) {
  const Verdicts found = verdicts(rows_of({{0, 0, 0}, {0, 1, 1}, {1, 0, 2}, {1, 1, 3}}, {2, 2, 4}), GetParam());
  ASSERT_EQ(found.labels.size(), 2U);
  expect_distributions(found);
}

TEST_P(EveryMethod, takes_labels_that_are_all_the_same) {
  const Rows rows = rows_of({{0, 0, 1}, {0, 1, 1}, {1, 0, 1}, {1, 1, 1}}, {2, 2, 2});
  EXPECT_EQ(verdicts(rows, GetParam()).labels, (std::vector<std::int32_t>{1, 1}));
}

TEST_P(EveryMethod, holds_what_is_known) {
  const Rows rows = world(60, {0.9, 0.9, 0.9}, 3, 2);
  std::vector<std::int32_t> known(60, -1);
  for (std::size_t item = 0; item < 60; item += 7) known[item] = (rows.truth[item] + 1) % 3;  // against all that is said
  const Verdicts found = verdicts(rows, GetParam(), known);
  for (std::size_t item = 0; item < 60; item += 7) {
    EXPECT_EQ(found.labels[item], known[item]);
    EXPECT_NEAR(found.probabilities.row(item)[static_cast<std::size_t>(known[item])], 1.0, 1e-12);
  }
}

TEST_P(EveryMethod, takes_a_known_class_that_nobody_said) {
  const Rows rows = rows_of({{0, 0, 0}, {0, 1, 0}, {1, 0, 1}, {1, 1, 1}}, {2, 2, 3});
  const Verdicts found = verdicts(rows, GetParam(), {2, -1});
  EXPECT_EQ(found.labels.front(), 2);
  expect_distributions(found);
}

TEST_P(EveryMethod, is_the_same_bit_by_bit_for_any_order_of_rows_and_number_of_threads) {
  const Rows rows = world(2500, {0.9, 0.6, 0.7, 0.3}, 3, 3);
  const Verdicts found = verdicts(rows, GetParam(), {}, 5);
  std::vector<std::size_t> order(rows.items.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::shuffle(order.begin(), order.end(), std::mt19937(7));
  Rows shuffled;
  shuffled.counts = rows.counts;
  for (const std::size_t row : order) shuffled.add(rows.items[row], rows.experts[row], rows.labels[row]);
  for (const int threads : {1, 3}) {
    oneapi::tbb::task_arena arena(threads);
    const Verdicts other = arena.execute([&] { return verdicts(shuffled, GetParam(), {}, 5); });
    EXPECT_EQ(other.probabilities.values, found.probabilities.values) << threads;
    EXPECT_EQ(other.reliability, found.reliability);
  }
}

TEST_P(EveryMethod, does_not_care_what_items_experts_and_classes_are_called) {
  const Rows rows = world(200, {0.9, 0.8, 0.7, 0.75, 0.85}, 3, 4);
  Rows renamed;
  renamed.counts = rows.counts;
  for (std::size_t row = 0; row < rows.items.size(); ++row) {
    renamed.add(199 - rows.items[row], 4 - rows.experts[row], (rows.labels[row] + 1) % 3);
  }
  const Verdicts found = verdicts(rows, GetParam());
  const Verdicts other = verdicts(renamed, GetParam());
  // The random starts of EBCC fall elsewhere and end nearby.
  const double near = GetParam() == Method::ebcc ? 0.3 : 1e-6;
  for (std::uint32_t item = 0; item < 200; ++item) {
    for (std::size_t c = 0; c < 3; ++c) {
      EXPECT_NEAR(other.probabilities.row(199 - item)[(c + 1) % 3], found.probabilities.row(item)[c], near);
    }
  }
  for (std::size_t expert = 0; expert < 5; ++expert) EXPECT_NEAR(other.reliability[4 - expert], found.reliability[expert], near);
}

TEST_P(EveryMethod, stops_when_it_is_told_to) {
  const Rows rows = world(50, {0.9, 0.8}, 2, 1);
  const LabelTable table = rows.table();
  Job job;
  job.request_stop();
  const auto found = aggregate(Crowd{table, {}, job, 0}, GetParam());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::cancelled);
}

TEST_P(EveryMethod, refuses_more_classes_than_fit_into_memory) {
  Rows rows;
  rows.counts = {100'000, 1, 100'000};
  for (std::uint32_t item = 0; item < 100'000; ++item) rows.add(item, 0, item);
  const LabelTable table = rows.table();
  Job job;
  const auto found = aggregate(Crowd{table, {}, job, 0}, GetParam());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::limit);
}

TEST(Aggregate, follows_a_perfect_expert_among_spammers_where_the_model_can_see_it) {
  // Two who know and six who guess: the vote drowns in noise, models find who goes together.
  const Rows rows = world(400, {1.0, 0.97, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5}, 2, 11);
  const double majority = share_right(rows, verdicts(rows, Method::majority));
  EXPECT_LT(majority, 0.9);
  for (const Method method : {Method::dawid_skene, Method::one_coin, Method::ibcc, Method::pool}) {
    const Verdicts found = verdicts(rows, method);
    EXPECT_GT(share_right(rows, found), 0.95) << method_names[static_cast<std::size_t>(method)];
    EXPECT_GT(found.reliability[0], found.reliability[2] + 0.2);
  }
}

TEST(Aggregate, turns_around_who_is_always_wrong_once_that_is_known) {
  const Rows rows = rows_of({{0, 0, 1}, {1, 0, 0}, {2, 0, 1}, {3, 0, 0}, {4, 0, 1}, {5, 0, 0}, {6, 0, 1}, {7, 0, 0}}, {8, 1, 2});
  const std::vector<std::int32_t> known{0, 1, 0, 1, 0, 1, -1, -1};
  EXPECT_EQ(verdicts(rows, Method::pool).labels[6], 1);
  EXPECT_EQ(verdicts(rows, Method::pool, known).labels[6], 0);
  EXPECT_EQ(verdicts(rows, Method::dawid_skene, known).labels[6], 0);
}

TEST(Aggregate, sees_clones_of_a_guesser_through_what_was_judged) {
  // Five say what one guesser says, three know more and err on their own.
  Rows rows = world(600, {0.55, 0.75, 0.75, 0.75}, 2, 13);
  const LabelTable four = rows.table();
  rows.counts.experts = 8;
  for (std::uint32_t item = 0; item < 600; ++item) {
    for (std::uint32_t clone = 4; clone < 8; ++clone) rows.add(item, clone, four.of_item(item)[0].label);
  }
  std::vector<std::int32_t> known(rows.truth);
  std::fill(known.begin() + 150, known.end(), -1);
  const auto right = [&](const Verdicts& found) {
    double sum = 0.0;
    for (std::size_t item = 150; item < 600; ++item) sum += found.labels[item] == rows.truth[item] ? 1.0 / 450 : 0.0;
    return sum;
  };
  EXPECT_LT(right(verdicts(rows, Method::majority)), 0.65);
  EXPECT_GT(right(verdicts(rows, Method::pool, known)), 0.8);
}

TEST(Aggregate, learns_from_judged_items_how_sure_the_default_may_be) {
  // Seven who all say the same, right three times of four: agreement says certain, truth says otherwise.
  Rows rows = world(800, {0.75}, 3, 19);
  const LabelTable one = rows.table();
  rows.counts.experts = 7;
  for (std::uint32_t item = 0; item < 800; ++item) {
    for (std::uint32_t clone = 1; clone < 7; ++clone) rows.add(item, clone, one.of_item(item)[0].label);
  }
  std::vector<std::int32_t> known(rows.truth);
  std::fill(known.begin() + 200, known.end(), -1);
  const Verdicts found = verdicts(rows, Method::pool, known);
  double confidence = 0.0;
  for (std::size_t item = 200; item < 800; ++item) {
    const auto row = found.probabilities.row(item);
    confidence += *std::max_element(row.begin(), row.end()) / 600;
  }
  EXPECT_NEAR(confidence, 0.75, 0.05);
}

TEST(Aggregate, divides_what_nobody_said_as_if_it_had_not_been_judged) {
  // Four classes, of which two are said of each item; a few judged items were of a third.
  Rows rows = world(200, {0.8, 0.7, 0.75, 0.8}, 2, 23);
  rows.counts.classes = 4;
  std::vector<std::int32_t> known(200, -1);
  for (std::size_t item = 0; item < 40; ++item) known[item] = item % 10 == 0 ? 2 : rows.truth[item];
  const Verdicts found = verdicts(rows, Method::pool, known);
  expect_distributions(found);
  EXPECT_GT(found.probabilities.row(100)[2] + found.probabilities.row(100)[3], 0.01);
  EXPECT_GT(found.probabilities.row(100)[3], 0.0);
}

TEST(Aggregate, changes_little_for_one_judged_item) {
  const Rows rows = world(300, {0.8, 0.6, 0.7, 0.75, 0.55}, 3, 29);
  std::vector<std::int32_t> known(300, -1);
  known[0] = rows.truth[0];
  const Verdicts before = verdicts(rows, Method::pool);
  const Verdicts after = verdicts(rows, Method::pool, known);
  for (std::size_t item = 1; item < 300; ++item) {
    for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(after.probabilities.row(item)[c], before.probabilities.row(item)[c], 0.1);
  }
}

TEST(Aggregate, is_never_certain_by_default) {
  Rows rows;
  rows.counts = {20, 30, 2};
  for (std::uint32_t item = 0; item < 20; ++item) {
    for (std::uint32_t expert = 0; expert < 30; ++expert) rows.add(item, expert, item % 2);
  }
  const Verdicts found = verdicts(rows, Method::pool);
  for (std::size_t item = 0; item < 20; ++item) {
    EXPECT_GT(found.probabilities.row(item)[item % 2], 0.9);
    EXPECT_LE(found.probabilities.row(item)[item % 2], 0.995 + 1e-12);
  }
}

TEST(Aggregate, means_its_default_probabilities_on_a_world_of_independent_experts) {
  const Rows rows = world(3000, {0.6, 0.65, 0.7, 0.75, 0.6}, 2, 17);
  const Verdicts found = verdicts(rows, Method::pool);
  double confidence = 0.0;
  for (std::size_t item = 0; item < 3000; ++item) {
    const auto row = found.probabilities.row(item);
    confidence += *std::max_element(row.begin(), row.end()) / 3000;
  }
  EXPECT_NEAR(confidence, share_right(rows, found), 0.04);
}

TEST(Aggregate, hears_an_expert_that_speaks_twice_twice) {
  const Verdicts found = verdicts(rows_of({{0, 0, 1}, {0, 0, 1}, {0, 1, 0}}, {1, 2, 2}), Method::majority);
  EXPECT_NEAR(found.probabilities.row(0)[1], 2.0 / 3, 1e-15);
}

TEST(Aggregate, knows_the_methods_by_name) {
  EXPECT_EQ(method_from_name("pool"), Method::pool);
  EXPECT_EQ(method_from_name("ebcc"), Method::ebcc);
  EXPECT_FALSE(method_from_name("mace"));
}

}  // namespace
}  // namespace conclave::consensus::testing
