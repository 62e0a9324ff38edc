#include "engine/consensus/reliability/learned.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/consensus/conclude.h"
#include "tests/engine/consensus/circle_builder.h"
#include "tests/engine/consensus/reliability/lesson_builder.h"

namespace conclave::consensus {
namespace {

using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const VerdictList question{{"healthy", "degraded", "failing"}, true};

// Three experts of which one is always wrong; confidence 0.9, of which `right` of ten verdicts are.
std::vector<Lesson> judged(std::size_t count, std::size_t right) {
  std::vector<Lesson> lessons;
  for (std::size_t i = 0; i < count; ++i) {
    const bool held = i % 10 < right;
    const std::string truth = held ? "healthy" : "failing";
    lessons.push_back(lesson(std::to_string(1000 + i),
                             {vote("a", "healthy"), vote("b", truth), vote("c", held ? "failing" : "healthy")}, "healthy",
                             {truth}, 0.9));
  }
  return lessons;
}

TEST(Learned, is_nothing_without_judgements_and_changes_nothing) {
  const auto learned = learn({}, question).value();
  EXPECT_TRUE(learned.nothing());
  const std::vector responses = {answer("a", "healthy"), answer("b", "healthy"), answer("c", "failing")};
  const auto plain = conclude(responses, {}).value();
  const auto taught = conclude(responses, {}, 1.0, false, std::nullopt, {}, learned).value();
  EXPECT_EQ(plain.confidence_score, taught.confidence_score);
  EXPECT_EQ(plain.confidence_score, plain.uncalibrated_score);
  EXPECT_EQ(plain.confidence_interval, taught.confidence_interval);
  EXPECT_FALSE(taught.calibrated);
  EXPECT_EQ(taught.key_insights.back().text, "confidence is uncalibrated until verdicts have been judged");
}

TEST(Learned, is_of_one_list_of_verdicts_alone) {
  EXPECT_TRUE(learn(judged(50, 7), {{"go", "stop"}, true}).value().nothing());
  EXPECT_TRUE(learn(judged(50, 7), {question.labels, false}).value().nothing());
  EXPECT_EQ(learn(judged(50, 7), question).value().judged, 50U);
}

TEST(Learned, says_how_many_judgements_it_takes) {
  const auto learned = learn(judged(12, 7), question).value();
  EXPECT_THAT(learned.weights, IsEmpty());
  const auto result =
      conclude(std::vector{answer("a", "healthy"), answer("b", "healthy")}, {}, 1.0, false, std::nullopt, {}, learned).value();
  EXPECT_FALSE(result.calibrated);
  EXPECT_THAT(result.key_insights, Contains(Field(&Insight::text, HasSubstr("12 of the 20"))));
  EXPECT_THAT(result.key_insights, Contains(Field(&Insight::text, HasSubstr("12 of the 30"))));
}

TEST(Learned, calibrates_confidence_interval_and_gate) {
  const auto learned = learn(judged(60, 6), question).value();
  Question asked;
  const std::vector responses = {answer("a", "healthy", 0.9), answer("b", "healthy", 0.9), answer("c", "healthy", 0.9)};
  const auto result = conclude(responses, asked, 1.0, false, std::nullopt, {}, learned).value();
  EXPECT_TRUE(result.calibrated);
  EXPECT_GT(result.uncalibrated_score, 0.9);
  EXPECT_NEAR(result.confidence_score, 0.6, 0.05) << "as often as such verdicts were right";
  EXPECT_GE(result.confidence_score, result.confidence_interval->first);
  EXPECT_LE(result.confidence_score, result.confidence_interval->second);
  EXPECT_THAT(result.key_insights, Not(Contains(Field(&Insight::text, HasSubstr("uncalibrated")))));
  asked.gate.min_confidence = 0.8;
  const auto refused = conclude(responses, asked, 1.0, false, std::nullopt, {}, learned).value();
  EXPECT_EQ(refused.verdict, std::nullopt) << "the gate means what is shown";
  EXPECT_EQ(conclude(responses, asked).value().verdict, "healthy");
}

TEST(Learned, leaves_texts_without_labels_alone) {
  const auto learned = learn(judged(60, 6), question).value();
  const std::vector responses = {answer("a", std::nullopt), answer("b", std::nullopt)};
  const auto result = conclude(responses, {}, 1.0, false, std::nullopt, {}, learned).value();
  EXPECT_FALSE(result.calibrated);
  EXPECT_EQ(result.confidence_score, conclude(responses, {}).value().confidence_score);
}

TEST(Learned, does_not_depend_on_the_order_of_judgements_and_names_them) {
  auto lessons = judged(50, 7);
  const auto expected = learn(lessons, question).value();
  std::shuffle(lessons.begin(), lessons.end(), std::mt19937(1));
  EXPECT_EQ(learn(lessons, question).value(), expected);
  lessons.pop_back();
  EXPECT_NE(learn(lessons, question).value().version, expected.version);
}

TEST(Learned, comes_back_from_json_as_it_was) {
  const auto before = learn(judged(80, 7), question).value();
  ASSERT_FALSE(before.weights.empty());
  const auto after = learned_from_json(nlohmann::json::parse(to_json(before).dump()));
  ASSERT_TRUE(after) << after.error().text();
  EXPECT_EQ(*after, before);
}

TEST(Learned, refuses_what_it_did_not_write) {
  const nlohmann::json good = to_json(learn(judged(80, 7), question).value());
  for (const auto& [key, value] : good.items()) {
    nlohmann::json lacking = good;
    lacking.erase(key);
    const bool is_newer = key == "answers" || key == "copies" || key == "dependence";
    EXPECT_EQ(learned_from_json(lacking).has_value(), is_newer) << key << ": older receipts lack what was learned later";
    nlohmann::json wrong = good;
    wrong[key] = nlohmann::json::array({nullptr});
    EXPECT_FALSE(learned_from_json(wrong)) << key;
  }
  for (const double weight : {0.0, -1.0}) {
    nlohmann::json wrong = good;
    wrong["weights"]["a"] = weight;
    EXPECT_FALSE(learned_from_json(wrong)) << weight;
  }
  EXPECT_FALSE(learned_from_json(7));
}

}  // namespace
}  // namespace conclave::consensus
