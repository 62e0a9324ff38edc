#include "engine/consensus/reliability/diagram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/engine/consensus/reliability/lesson_builder.h"

namespace conclave::consensus {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

TEST(ReliabilityDiagram, counts_by_confidence_and_leaves_empty_bins_out) {
  const std::vector<JudgedVerdict> verdicts = {{0.95, true}, {1.0, true}, {0.8, false}, {0.1, false}, {0.05, true}};
  const auto bins = reliability_diagram(verdicts);
  ASSERT_THAT(bins, SizeIs(2));
  EXPECT_DOUBLE_EQ(bins[0].to, 0.2);
  EXPECT_EQ(bins[0].count, 2U);
  EXPECT_DOUBLE_EQ(bins[0].confidence, 0.075);
  EXPECT_DOUBLE_EQ(bins[0].share(), 0.5);
  EXPECT_DOUBLE_EQ(bins[1].from, 0.8) << "a bound belongs to the bin above it";
  EXPECT_EQ(bins[1].count, 3U) << "and certainty to the last";
  EXPECT_EQ(bins[1].held, 2U);
}

TEST(ReliabilityDiagram, has_finer_bins_where_there_is_much) {
  std::vector<JudgedVerdict> verdicts(99, {0.85, true});
  EXPECT_DOUBLE_EQ(reliability_diagram(verdicts)[0].from, 0.8);
  verdicts.push_back({0.95, true});
  const auto bins = reliability_diagram(verdicts);
  ASSERT_THAT(bins, SizeIs(2));
  EXPECT_DOUBLE_EQ(bins[0].to, 0.9);
  EXPECT_EQ(bins[0].count, 99U);
}

TEST(ReliabilityDiagram, does_not_depend_on_the_order) {
  std::vector<JudgedVerdict> verdicts;
  for (int i = 0; i < 300; ++i) verdicts.push_back({(i * 37 % 101) / 100.0, i % 3 == 0});
  const auto bins = reliability_diagram(verdicts);
  std::reverse(verdicts.begin(), verdicts.end());
  const auto again = reliability_diagram(verdicts);
  ASSERT_EQ(bins.size(), again.size());
  for (std::size_t i = 0; i < bins.size(); ++i) {
    EXPECT_EQ(bins[i].confidence, again[i].confidence);
    EXPECT_EQ(bins[i].held, again[i].held);
  }
}

TEST(ReliabilityDiagram, of_nothing_is_empty) { EXPECT_THAT(reliability_diagram({}), IsEmpty()); }

// Values of scipy.stats.binomtest(k, n).proportion_ci(method="exact").
TEST(ShareInterval, is_the_exact_one_and_holds_the_share) {
  EXPECT_NEAR(share_interval(8, 10).first, 0.4439045, 1e-6);
  EXPECT_NEAR(share_interval(8, 10).second, 0.9747893, 1e-6);
  EXPECT_EQ(share_interval(0, 3).first, 0.0);
  EXPECT_NEAR(share_interval(0, 3).second, 0.7075982, 1e-6);
  EXPECT_EQ(share_interval(5, 5).second, 1.0);
  EXPECT_NEAR(share_interval(5, 5).first, 0.4781762, 1e-6);
}

TEST(JudgedAnswers, are_those_of_which_it_is_known_whether_they_were_right) {
  const Lesson first = lesson("r1", {vote("a", "healthy", 0.9), vote("b", "failing", 0.7)}, "healthy", {"healthy"});
  const Lesson open = lesson("r2", {vote("a", "degraded", 0.6), vote("b", "healthy", 0.8)}, "healthy", {"degraded", "failing"});
  const auto answers = judged_answers(std::vector{first, open});
  ASSERT_THAT(answers, SizeIs(2));
  EXPECT_THAT(answers.at("a"), SizeIs(1)) << "degraded may have been right or not";
  EXPECT_TRUE(answers.at("a")[0].held);
  ASSERT_THAT(answers.at("b"), SizeIs(2));
  EXPECT_FALSE(answers.at("b")[0].held || answers.at("b")[1].held);
}

}  // namespace
}  // namespace conclave::consensus
