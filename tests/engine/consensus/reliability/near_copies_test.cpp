#include "engine/consensus/reliability/near_copies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/consensus/conclude.h"
#include "engine/consensus/reliability/learned.h"
#include "engine/consensus/reliability/weights.h"
#include "tests/engine/consensus/circle_builder.h"
#include "tests/engine/consensus/reliability/lesson_builder.h"

namespace conclave::consensus {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<std::string> labels{"healthy", "degraded", "failing"};

// Reports that were judged: two who err alone, and as many copies of a third as are wanted, each of which copies so much of it.
std::vector<Lesson> history(std::size_t reports, std::size_t copies, double copied = 1.0, double right = 0.7) {
  std::mt19937 random(3);
  const auto unit = [&] { return static_cast<double>(random()) / 4294967296.0; };
  const auto says = [&](std::size_t truth) { return unit() < right ? truth : (truth + 1 + random() % 2) % 3; };
  std::vector<Lesson> lessons;
  for (std::size_t i = 0; i < reports; ++i) {
    const std::size_t truth = random() % 3;
    const std::size_t original = says(truth);
    std::vector<Opinion> opinions{vote("alone", labels[says(truth)]), vote("apart", labels[says(truth)])};
    for (std::size_t copy = 0; copy < copies; ++copy) {
      opinions.push_back(vote("copy" + std::to_string(copy), labels[unit() < copied ? original : says(truth)]));
    }
    lessons.push_back(lesson(std::to_string(1000 + i), std::move(opinions), labels[original], {labels[truth]}));
  }
  return lessons;
}

std::vector<std::vector<std::string>> copies_in(const std::vector<Lesson>& lessons) {
  return learn_near_copies(answers_with_truth(judged_scopes(lessons)));
}

TEST(NearCopies, are_those_who_err_alike) {
  EXPECT_THAT(copies_in(history(60, 2)), ElementsAre(ElementsAre("copy0", "copy1")));
  EXPECT_THAT(copies_in(history(60, 4, 0.97)), ElementsAre(ElementsAre("copy0", "copy1", "copy2", "copy3")));
}

TEST(NearCopies, are_not_those_who_are_merely_right) {
  EXPECT_THAT(copies_in(history(300, 3, 0.0, 0.95)), IsEmpty()) << "they agree in nine of ten, on what is true";
  EXPECT_THAT(copies_in(history(300, 3, 0.0, 0.7)), IsEmpty());
  EXPECT_THAT(copies_in(history(300, 2, 1.0, 1.0)), IsEmpty()) << "who never errs cannot be told from his copy";
}

TEST(NearCopies, need_history_together) {
  EXPECT_THAT(copies_in(history(19, 2)), IsEmpty());
  EXPECT_THAT(copies_in({}), IsEmpty());
}

TEST(NearCopies, are_the_same_whatever_the_order_of_judgements) {
  auto lessons = history(80, 3, 0.97);
  const auto expected = copies_in(lessons);
  std::shuffle(lessons.begin(), lessons.end(), std::mt19937(1));
  EXPECT_EQ(copies_in(lessons), expected);
}

Learned taught(const std::vector<Lesson>& lessons) {
  Learned learned = learn(lessons, {labels, true}).value();
  learned.calibration = {};
  return learned;
}

ConsensusResult concluded(const std::vector<ExpertResponse>& responses, const Learned& learned) {
  return conclude(responses, {}, 1.0, false, std::nullopt, {}, learned).value();
}

TEST(NearCopies, have_one_vote_together_and_are_named) {
  std::vector<ExpertResponse> responses{answer("alone", "failing", 0.8), answer("apart", "failing", 0.8)};
  for (const char* name : {"copy0", "copy1", "copy2"}) responses.push_back(answer(name, "healthy", 0.8));
  EXPECT_EQ(concluded(responses, {}).verdict, "healthy") << "three to two";
  const auto result = concluded(responses, taught(history(60, 3)));
  EXPECT_EQ(result.verdict, "failing") << "one to two";
  EXPECT_NEAR(result.effective_experts, 3.0, 1e-9);
  EXPECT_NEAR(result.weights.at("copy0"), 1.0 / 9.0, 1e-9);
  EXPECT_THAT(result.key_insights, Contains(Field(&Insight::text, HasSubstr("copy0, copy1 and copy2 repeat each other"))));
  EXPECT_TRUE(result.confidence_interval) << "three families";
}

TEST(NearCopies, are_not_heard_less_where_they_are_alone_or_disagree) {
  const auto learned = taught(history(60, 2));
  ASSERT_THAT(learned.copies, ElementsAre(ElementsAre("copy0", "copy1")));
  const std::vector<ExpertResponse> one{answer("alone", "healthy", 0.8), answer("copy0", "healthy", 0.8)};
  EXPECT_EQ(concluded(one, learned).confidence_score, concluded(one, {}).confidence_score);
  const std::vector<ExpertResponse> split{answer("alone", "healthy", 0.8), answer("copy0", "healthy", 0.8),
                                          answer("copy1", "failing", 0.8)};
  EXPECT_NEAR(concluded(split, learned).effective_experts, 3.0, 1e-9) << "with different verdicts they are no copies";
  EXPECT_EQ(concluded(split, learned).verdict, "healthy");
}

TEST(NearCopies, as_many_as_there_are_never_outvote_the_rest) {
  std::vector<ExpertResponse> responses{answer("alone", "healthy", 0.7), answer("apart", "healthy", 0.7)};
  const auto learned = taught(history(80, 12));
  for (int copy = 0; copy < 12; ++copy) {
    responses.push_back(answer("copy" + std::to_string(copy), "failing", 0.9));
    EXPECT_EQ(concluded(responses, learned).verdict, "healthy");
  }
}

TEST(NearCopies, come_back_from_json_and_from_nothing_else) {
  const auto before = taught(history(60, 3));
  ASSERT_FALSE(before.copies.empty());
  const auto json = to_json(before);
  EXPECT_EQ(learned_from_json(nlohmann::json::parse(json.dump())).value(), before);
  for (const nlohmann::json& wrong :
       {nlohmann::json::parse(R"([["one"]])"), nlohmann::json::parse(R"([["b","a"]])"), nlohmann::json(7)}) {
    auto other = json;
    other["copies"] = wrong;
    EXPECT_FALSE(learned_from_json(other)) << wrong;
  }
}

}  // namespace
}  // namespace conclave::consensus
