#include "engine/case/backtest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/consensus/conclude.h"
#include "tests/engine/case/fixture.h"

namespace conclave {
namespace {

using testing::SizeIs;

// A report of experts with these verdicts, concluded by the engine.
PastCase past(const std::string& truth, const std::vector<std::pair<std::string, std::string>>& verdicts) {
  Report report;
  report.id = "r" + std::string(1, static_cast<char>('a' + verdicts.size())) + truth + verdicts.front().second;
  for (const auto& [name, verdict] : verdicts) {
    consensus::ExpertResponse response = answer(verdict, 0.9);
    response.expert_name = name;
    response.scope = "logs";
    report.responses.push_back(std::move(response));
  }
  return {"case.yaml", truth, replay(report).value()};
}

const LeftOut& of(const Backtest& result, const std::string& name) {
  return *std::find_if(result.experts.begin(), result.experts.end(), [&](const auto& expert) { return expert.expert == name; });
}

TEST(Backtest, counts_each_kind_of_error_among_the_cases_that_can_have_it) {
  const std::vector cases = {
      past("healthy", {{"a", "healthy"}, {"b", "healthy"}}),   past("healthy", {{"a", "failing"}, {"b", "failing"}}),
      past("failing", {{"a", "healthy"}, {"b", "healthy"}}),   past("failing", {{"a", "failing"}, {"b", "failing"}}),
      past("failing", {{"a", "degraded"}, {"b", "degraded"}}), past("degraded", {{"a", "healthy"}, {"b", "failing"}})};
  const auto result = backtest(cases);
  ASSERT_TRUE(result) << result.error().text();
  const Scores& scores = result->scores;
  EXPECT_EQ(scores.cases, 6U);
  EXPECT_EQ(scores.right.count, 2U);
  EXPECT_EQ(std::pair(scores.false_go.count, scores.false_go.of), std::pair(std::size_t{1}, std::size_t{4}));
  EXPECT_EQ(std::pair(scores.false_stop.count, scores.false_stop.of), std::pair(std::size_t{1}, std::size_t{2}));
  EXPECT_EQ(scores.undecided.count, 1U);
  ASSERT_TRUE(result->brier);
  EXPECT_GT(*result->said, *result->held) << "these experts are overconfident";
}

TEST(Backtest, says_what_is_lost_without_each_expert) {
  const auto result = backtest(std::vector{past("failing", {{"a", "failing"}, {"b", "failing"}, {"c", "healthy"}})});
  ASSERT_TRUE(result);
  ASSERT_THAT(result->experts, SizeIs(3));
  EXPECT_EQ(of(*result, "c").scores.right.count, 1U);
  EXPECT_EQ(of(*result, "a").scores.right.count, 0U);
  EXPECT_EQ(of(*result, "a").scores.undecided.count, 1U);
}

TEST(Backtest, names_the_case_whose_truth_is_no_verdict) {
  const auto result = backtest(std::vector{past("on fire", {{"a", "failing"}, {"b", "failing"}})});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().where, "case.yaml");
}

// Values of R's binom::binom.wilson.
TEST(Rate, has_wilsons_interval) {
  const auto [low, high] = Rate{3, 10}.interval();
  EXPECT_NEAR(low, 0.10779, 1e-4);
  EXPECT_NEAR(high, 0.60322, 1e-4);
  EXPECT_EQ((Rate{0, 10}.interval().first), 0.0);
  EXPECT_NEAR((Rate{0, 10}.interval().second), 0.27753, 1e-4);
  EXPECT_EQ((Rate{10, 10}.interval().second), 1.0);
  EXPECT_EQ((Rate{0, 0}.interval()), std::pair(0.0, 1.0));
}

}  // namespace
}  // namespace conclave
