#include "engine/consensus/reliability/track_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/engine/consensus/reliability/lesson_builder.h"

namespace conclave::consensus {
namespace {

using testing::SizeIs;

const TrackRecord& of(const std::vector<TrackRecord>& records, const std::string& expert, const std::string& scope = {}) {
  return *std::find_if(records.begin(), records.end(),
                       [&](const TrackRecord& record) { return record.expert == expert && record.scope == scope; });
}

// Values of scipy.stats.beta.ppf.
TEST(BetaQuantile, agrees_with_published_values) {
  EXPECT_NEAR(beta_quantile(0.05, 1, 1), 0.05, 1e-12);
  EXPECT_NEAR(beta_quantile(0.5, 2, 2), 0.5, 1e-12);
  EXPECT_NEAR(beta_quantile(0.95, 1, 31), 1.0 - std::pow(0.05, 1.0 / 31.0), 1e-12);
  EXPECT_NEAR(beta_quantile(0.05, 31, 1), std::pow(0.05, 1.0 / 31.0), 1e-12);
  EXPECT_NEAR(beta_quantile(0.05, 9, 3), 0.5299126, 1e-6);
  EXPECT_NEAR(beta_quantile(0.5, 5e5, 5e5), 0.5, 1e-6);
}

TEST(TrackRecord, counts_what_is_known) {
  Lesson first = lesson("r1", {vote("a", "healthy"), vote("b", "failing")}, "healthy", {"healthy"});
  first.opinions[0].claims = 4;
  first.opinions[0].verified_claims = 3;
  Lesson second = lesson("r2", {vote("a", "degraded"), {"b", "overall", Status::timed_out, std::nullopt, 0.5, false, 0, 0}},
                         "degraded", {"healthy", "failing"});
  Lesson third = lesson("r3", {vote("a", "failing"), {"b", "overall", Status::abstained, std::nullopt, 0.5, false, 0, 0}},
                        "failing", {"failing"});
  const auto records = track_records(std::vector{first, second, third});
  ASSERT_THAT(records, SizeIs(2));
  const TrackRecord& a = of(records, "a");
  EXPECT_EQ(a.right, 2U);
  EXPECT_EQ(a.wrong, 1U) << "that it was wrong is known, if not what was right";
  EXPECT_DOUBLE_EQ(a.mean, 3.0 / 5.0);
  EXPECT_LT(a.interval.first, a.mean);
  EXPECT_GT(a.interval.second, a.mean);
  EXPECT_EQ(a.claims, 4U);
  EXPECT_EQ(a.verified_claims, 3U);
  const TrackRecord& b = of(records, "b");
  EXPECT_EQ(b.right + b.wrong, 1U);
  EXPECT_EQ(b.failed, 1U);
  EXPECT_EQ(b.abstained, 1U);
  EXPECT_EQ(b.answered, 1U);
}

TEST(TrackRecord, of_other_verdicts_is_another_one) {
  Lesson other = lesson("r2", {vote("a", "stop")}, "stop", {"go"});
  other.question = {{"go", "stop"}, true};
  other.passing = {"go"};
  const auto records = track_records(std::vector{lesson("r1", {vote("a", "healthy")}, "healthy", {"healthy"}), other});
  ASSERT_THAT(records, SizeIs(2));
  EXPECT_NE(records[0].question, records[1].question);
  EXPECT_EQ(records[0].right + records[0].wrong, 1U);
}

TEST(TrackRecord, of_several_scopes_is_kept_for_each) {
  Lesson both = lesson("r1", {vote("a", "healthy", 0.8, "logs"), vote("a", "failing", 0.8, "net")}, "failing", {"healthy"});
  both.scopes = {{"logs", "healthy"}, {"net", "failing"}};
  const auto records = track_records(std::vector{both});
  ASSERT_THAT(records, SizeIs(3));
  EXPECT_EQ(of(records, "a").right, 1U);
  EXPECT_EQ(of(records, "a").wrong, 1U);
  EXPECT_EQ(of(records, "a", "logs").right, 1U);
  EXPECT_EQ(of(records, "a", "net").wrong, 1U);
}

TEST(TrackRecord, of_a_report_judged_twice_counts_its_answers_once) {
  Lesson whole = lesson("r1", {vote("a", "healthy"), vote("b", "healthy")}, "healthy", {"healthy"});
  Lesson scope = whole;
  scope.scope = "overall";
  const auto records = track_records(std::vector{whole, scope});
  EXPECT_EQ(of(records, "a").right, 1U);
  EXPECT_EQ(of(records, "a").answered, 1U);
}

TEST(TrackRecord, of_votes_that_did_not_count_is_empty) {
  Lesson unverified = lesson("r1", {vote("a", "failing")}, std::nullopt, {"healthy"});
  unverified.opinions[0].votes = false;
  const auto records = track_records(std::vector{unverified});
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].right + records[0].wrong, 0U);
  EXPECT_DOUBLE_EQ(records[0].mean, 0.5);
}

}  // namespace
}  // namespace conclave::consensus
