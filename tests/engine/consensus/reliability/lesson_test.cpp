#include "engine/consensus/reliability/lesson.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/engine/consensus/reliability/lesson_builder.h"

namespace conclave::consensus {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Lesson of_three_scopes(std::optional<std::string> verdict, std::vector<std::string> truth) {
  Lesson out =
      lesson("r1", {vote("a", "healthy", 0.8, "config"), vote("b", "failing", 0.8, "logs"), vote("c", "healthy", 0.8, "net")},
             std::move(verdict), std::move(truth));
  out.scopes = {{"config", "healthy"}, {"logs", "failing"}, {"net", "healthy"}};
  return out;
}

TEST(Lesson, comes_back_from_json_as_it_was) {
  Lesson before = of_three_scopes("failing", {"healthy", "degraded"});
  before.scope = "logs";
  before.opinions.push_back({"d \xC3\xA9", "net", Status::timed_out, std::nullopt, 0.5, false, 3, 2});
  const auto after = lesson_from_json(nlohmann::json::parse(to_json(before).dump()));
  ASSERT_TRUE(after) << after.error().text();
  EXPECT_EQ(*after, before);
}

TEST(Lesson, refuses_what_it_did_not_write) {
  const nlohmann::json good = to_json(of_three_scopes("failing", {"failing"}));
  for (const auto& [key, value] : good.items()) {
    nlohmann::json lacking = good;
    lacking.erase(key);
    EXPECT_FALSE(lesson_from_json(lacking)) << key;
    nlohmann::json wrong = good;
    wrong[key] = {{"an", "object"}};
    EXPECT_FALSE(lesson_from_json(wrong)) << key;
  }
  for (const char* change :
       {R"({"truth": []})", R"({"truth": ["failing", "failing"]})", R"({"truth": ["unknown"]})",
        R"({"truth": ["healthy", "degraded", "failing"]})", R"({"verdict": "fine"})", R"({"confidence": 1.5})",
        R"({"verdicts": ["failing", "failing", "healthy"]})", R"({"lesson": 2})", R"({"pass": ["good"]})"}) {
    nlohmann::json wrong = good;
    wrong.update(nlohmann::json::parse(change));
    EXPECT_FALSE(lesson_from_json(wrong)) << change;
  }
  EXPECT_FALSE(lesson_from_json(nullptr));
  EXPECT_FALSE(lesson_from_json(nlohmann::json::array({1, 2})));
}

TEST(Lesson, of_one_scope_is_of_that_scope) {
  const std::vector<Lesson> lessons = {lesson("r1", {vote("a", "healthy"), vote("b", "failing")}, "failing", {"healthy"})};
  const auto scopes = judged_scopes(lessons);
  ASSERT_THAT(scopes, SizeIs(1));
  EXPECT_EQ(scopes[0].truth(), 0U);
  EXPECT_THAT(scopes[0].votes, SizeIs(2));
}

TEST(Lesson, that_a_case_was_healthy_says_that_all_of_its_scopes_were) {
  const std::vector<Lesson> lessons = {of_three_scopes("failing", {"healthy"})};
  const auto scopes = judged_scopes(lessons);
  ASSERT_THAT(scopes, SizeIs(3));
  for (const auto& scope : scopes) EXPECT_EQ(scope.truth(), 0U) << scope.scope;
}

TEST(Lesson, that_a_verdict_was_right_says_so_of_the_one_scope_that_made_it) {
  const std::vector<Lesson> lessons = {of_three_scopes("failing", {"failing"})};
  const auto scopes = judged_scopes(lessons);
  ASSERT_THAT(scopes, SizeIs(1)) << "of the others nothing is known";
  EXPECT_EQ(scopes[0].scope, "logs");
  EXPECT_EQ(scopes[0].truth(), 2U);
}

TEST(Lesson, that_a_case_was_degraded_says_that_no_scope_was_worse) {
  const std::vector<Lesson> lessons = {of_three_scopes("failing", {"degraded"})};
  const auto scopes = judged_scopes(lessons);
  ASSERT_THAT(scopes, SizeIs(3));
  for (const auto& scope : scopes) {
    EXPECT_THAT(scope.possible, ElementsAre(true, true, false));
    EXPECT_EQ(scope.truth(), std::nullopt);
  }
}

TEST(Lesson, of_a_scope_comes_before_that_of_the_report) {
  std::vector<Lesson> lessons = {of_three_scopes("failing", {"failing"}), of_three_scopes("failing", {"healthy"})};
  lessons[1].scope = "logs";
  for (int order = 0; order < 2; ++order) {
    const auto scopes = judged_scopes(lessons);
    ASSERT_THAT(scopes, SizeIs(1));
    EXPECT_EQ(scopes[0].truth(), 0U);
    std::swap(lessons[0], lessons[1]);
  }
}

TEST(Lesson, that_a_good_verdict_was_wrong_says_nothing_of_several_scopes) {
  Lesson wrong = of_three_scopes("healthy", {"degraded", "failing"});
  wrong.scopes[1].second = "healthy";
  EXPECT_THAT(judged_scopes(std::vector{wrong}), IsEmpty());
}

TEST(Lesson, of_an_unordered_question_counts_votes_wherever_they_look) {
  Lesson cause = lesson("r1", {vote("a", "x", 0.8, "logs"), vote("b", "y", 0.8, "net")}, "x", {"y"});
  cause.question = {{"x", "y", "z"}, false};
  cause.passing = {"x"};
  const auto scopes = judged_scopes(std::vector{cause});
  ASSERT_THAT(scopes, SizeIs(1));
  EXPECT_THAT(scopes[0].votes, SizeIs(2));
}

TEST(JudgedVerdict, holds_if_what_its_confidence_is_the_probability_of_came_true) {
  const auto held = [](const std::string& verdict, std::vector<std::string> truth) -> std::optional<bool> {
    const auto out = judged_verdicts(std::vector{lesson("r1", {}, verdict, std::move(truth))});
    return out.empty() ? std::nullopt : std::optional(out.front().held);
  };
  EXPECT_EQ(held("healthy", {"healthy"}), true);
  EXPECT_EQ(held("healthy", {"degraded", "failing"}), false);
  EXPECT_EQ(held("degraded", {"failing"}), true) << "at least that bad";
  EXPECT_EQ(held("degraded", {"healthy"}), false);
  EXPECT_EQ(held("degraded", {"healthy", "failing"}), std::nullopt) << "wrong, but nobody knows which way";
  EXPECT_EQ(held("failing", {"healthy", "degraded"}), false);
}

TEST(JudgedVerdict, is_none_without_a_verdict_or_with_some_scopes_judged_only) {
  EXPECT_THAT(judged_verdicts(std::vector{lesson("r1", {}, std::nullopt, {"healthy"})}), IsEmpty());
  Lesson scope = of_three_scopes("failing", {"failing"});
  scope.scope = "logs";
  EXPECT_THAT(judged_verdicts(std::vector{scope}), IsEmpty());
}

}  // namespace
}  // namespace conclave::consensus
