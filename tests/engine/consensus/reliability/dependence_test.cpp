#include "engine/consensus/reliability/dependence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/consensus/conclude.h"
#include "engine/consensus/reliability/learned.h"
#include "engine/consensus/voting.h"
#include "tests/engine/consensus/circle_builder.h"
#include "tests/engine/consensus/reliability/lesson_builder.h"

namespace conclave::consensus {
namespace {

using testing::Contains;
using testing::Field;
using testing::HasSubstr;

const VerdictList question{{"healthy", "degraded", "failing"}, true};

// Reports of four scopes that are each good with 0.8, and that fail alone or all at once.
std::vector<JudgedCase> simulated(std::size_t count, bool together) {
  std::mt19937 random(7);
  std::vector<JudgedCase> cases;
  for (std::size_t i = 0; i < count; ++i) {
    bool passes = true;
    for (int scope = 0; scope < (together ? 1 : 4); ++scope) passes = passes && random() % 10 < 8;
    cases.push_back({{0.8, 0.8, 0.8, 0.8}, passes});
  }
  return cases;
}

TEST(Dependence, is_none_until_there_is_history) {
  EXPECT_EQ(fit_dependence({}).strength, 0.0);
  EXPECT_EQ(fit_dependence(simulated(least_for_dependence - 1, true)).strength, 0.0);
  EXPECT_EQ(fit_dependence(simulated(least_for_dependence - 1, true)).judged, least_for_dependence - 1);
}

TEST(Dependence, is_learned_where_scopes_fail_together_and_only_there) {
  EXPECT_EQ(fit_dependence(simulated(400, false)).strength, 0.0);
  EXPECT_GT(fit_dependence(simulated(400, true)).strength, 0.8);
  const double little = fit_dependence(simulated(least_for_dependence, true)).strength;
  EXPECT_LT(little, fit_dependence(simulated(400, true)).strength) << "little history is drawn to independence";
}

TEST(Dependence, does_not_depend_on_the_order_of_reports) {
  auto cases = simulated(100, true);
  const auto expected = fit_dependence(cases);
  std::shuffle(cases.begin(), cases.end(), std::mt19937(1));
  EXPECT_EQ(fit_dependence(cases), expected);
}

TEST(Dependence, lies_between_the_product_and_the_worst_scope) {
  const std::vector good{0.9, 0.7, 0.95};
  EXPECT_EQ(all_good(good, 0.0), 0.9 * 0.7 * 0.95);
  EXPECT_NEAR(all_good(good, 1.0), 0.7, 1e-12);
  double before = 0.0;
  for (int step = 0; step <= 10; ++step) {
    const double now = all_good(good, step / 10.0);
    EXPECT_GT(now, before);
    before = now;
  }
  EXPECT_EQ(all_good({}, 0.5), 1.0);
  EXPECT_EQ(all_good(std::vector{0.4}, 0.5), 0.4) << "one scope depends on nothing";
  EXPECT_EQ(all_good(std::vector{0.0, 0.5}, 0.5), 0.0);
}

// Three scopes of two experts each.
std::vector<ExpertResponse> three_scopes() {
  std::vector<ExpertResponse> out;
  for (const char* scope : {"logs", "services", "config"}) {
    for (const char* expert : {"a", "b"}) out.push_back(answer(std::string(scope) + expert, "healthy", 0.6, scope));
  }
  return out;
}

// What people said of reports of these, of which the given number were well.
std::vector<Lesson> judged(std::size_t count, std::size_t well) {
  const auto result = conclude(three_scopes(), {}).value();
  std::vector<Lesson> lessons;
  for (std::size_t i = 0; i < count; ++i) {
    Lesson one = lesson(std::to_string(1000 + i), {}, "healthy", {i < well ? "healthy" : "failing"}, result.uncalibrated_score);
    one.scopes.clear();
    for (const auto& scope : result.scopes) {
      one.scopes.emplace_back(scope.scope, scope.verdict);
      auto& said = one.said.emplace_back();
      for (const auto& [label, probability] : scope.probabilities) said.push_back(probability);
    }
    lessons.push_back(std::move(one));
  }
  return lessons;
}

TEST(Dependence, raises_what_the_product_underrates_and_is_told) {
  const auto plain = conclude(three_scopes(), {}).value();
  EXPECT_LT(plain.confidence_score, 0.6);
  Learned learned = learn(judged(60, 48), question).value();
  EXPECT_EQ(learned.dependence.judged, 60U);
  EXPECT_GT(learned.dependence.strength, 0.2);
  learned.calibration = {};
  const auto taught = conclude(three_scopes(), {}, 1.0, false, std::nullopt, {}, learned).value();
  EXPECT_GT(taught.confidence_score, plain.confidence_score);
  EXPECT_LE(taught.confidence_score, 0.8);
  EXPECT_LE(taught.confidence_interval->first, taught.confidence_score);
  EXPECT_GE(taught.confidence_interval->second, taught.confidence_score);
  EXPECT_THAT(taught.key_insights, Contains(Field(&Insight::text, HasSubstr("60 judged reports"))));
}

TEST(Dependence, is_not_made_up_for_twice_by_the_calibration) {
  const auto learned = learn(judged(60, 48), question).value();
  ASSERT_NE(learned.calibration.method, Calibration::Method::none);
  const auto taught = conclude(three_scopes(), {}, 1.0, false, std::nullopt, {}, learned).value();
  EXPECT_NEAR(taught.confidence_score, 0.8, 0.05) << "as often as such reports were right";
}

TEST(Dependence, of_older_judgements_is_unknown) {
  auto lessons = judged(60, 48);
  for (Lesson& old : lessons) old.said.clear();
  EXPECT_EQ(learn(lessons, question).value().dependence, LearnedDependence());
}

TEST(Dependence, what_scopes_said_comes_back_from_json) {
  const Lesson before = judged(1, 1).front();
  EXPECT_EQ(lesson_from_json(nlohmann::json::parse(to_json(before).dump())).value(), before);
  Lesson silent = before;
  silent.said.front().clear();
  EXPECT_EQ(lesson_from_json(to_json(silent)).value(), silent);
  auto wrong = to_json(before);
  wrong["scopes"][0]["probabilities"] = {0.5};
  EXPECT_FALSE(lesson_from_json(wrong)) << "a number for each label";
  wrong["scopes"][0]["probabilities"] = {0.5, 0.5, 2.0};
  EXPECT_FALSE(lesson_from_json(wrong));
  wrong["scopes"][0].erase("probabilities");
  EXPECT_FALSE(lesson_from_json(wrong)) << "of all scopes or of none";
}

TEST(Dependence, refuses_what_it_did_not_write) {
  EXPECT_EQ(dependence_from_json(to_json(LearnedDependence{40, 0.25})).value(), (LearnedDependence{40, 0.25}));
  for (const char* wrong : {R"({"judged":1,"strength":1.5})", R"({"judged":1,"strength":-0.1})", R"({"judged":-1,"strength":0})",
                            R"({"strength":0})", R"({"judged":1,"strength":null})", "7"}) {
    EXPECT_FALSE(dependence_from_json(nlohmann::json::parse(wrong))) << wrong;
  }
}

}  // namespace
}  // namespace conclave::consensus
