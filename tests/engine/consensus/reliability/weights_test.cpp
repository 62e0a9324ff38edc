#include "engine/consensus/reliability/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/consensus/voting.h"
#include "tests/engine/consensus/reliability/lesson_builder.h"

namespace conclave::consensus {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

const std::vector<std::string> labels = {"healthy", "degraded", "failing"};

// Experts that are right with these probabilities and else say any other label.
std::vector<Lesson> judged(std::size_t count, const std::vector<double>& accuracies, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  std::vector<Lesson> lessons;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t truth = random() % 3;
    std::vector<Opinion> votes;
    for (std::size_t e = 0; e < accuracies.size(); ++e) {
      const std::size_t label = uniform(random) < accuracies[e] ? truth : (truth + 1 + random() % 2) % 3;
      votes.push_back(vote("expert" + std::to_string(e), labels[label], 0.5 + 0.4 * uniform(random)));
    }
    lessons.push_back(lesson(std::to_string(1000 + i), votes, labels[truth], {labels[truth]}));
  }
  return lessons;
}

std::map<std::string, double> weights_of(const std::vector<Lesson>& lessons) {
  return learn_weights(answers_with_truth(judged_scopes(lessons))).value();
}

TEST(Weights, are_alike_until_enough_is_judged) {
  EXPECT_THAT(weights_of(judged(least_for_weights - 1, {0.9, 0.2}, 1)), IsEmpty());
  EXPECT_THAT(weights_of(judged(least_for_weights, {0.9, 0.2}, 1)), SizeIs(2));
}

TEST(Weights, follow_who_was_right) {
  const auto weights = weights_of(judged(300, {0.95, 0.7, 0.7, 0.5}, 2));
  EXPECT_GT(weights.at("expert0"), weights.at("expert1"));
  EXPECT_GT(weights.at("expert1"), weights.at("expert3"));
}

TEST(Weights, of_equally_good_experts_are_nearly_alike) {
  for (const auto& [expert, weight] : weights_of(judged(400, {0.7, 0.7, 0.7, 0.7, 0.7}, 3)))
    EXPECT_NEAR(weight, 1.0, 0.25) << expert;
}

TEST(Weights, silence_who_is_always_wrong_once_that_is_known) {
  EXPECT_THAT(weights_of(judged(20, {0.8, 0.8, 0.0}, 4)), IsEmpty()) << "not before";
  const auto weights = weights_of(judged(40, {0.8, 0.8, 0.0}, 4));
  EXPECT_EQ(weights.at("expert2"), silenced);
  EXPECT_GE(weights.at("expert0"), lightest);
}

TEST(Weights, give_nothing_to_who_always_says_what_is_usually_true) {
  std::mt19937 random(5);
  std::vector<Lesson> lessons;
  for (std::size_t i = 0; i < 400; ++i) {
    const std::size_t truth = random() % 10 == 0 ? 2 : 0;
    const auto noisy = [&] { return labels[random() % 10 < 8 ? truth : 2 - truth]; };
    lessons.push_back(lesson(std::to_string(1000 + i), {vote("parrot", "healthy"), vote("eye1", noisy()), vote("eye2", noisy())},
                             labels[truth], {labels[truth]}));
  }
  const auto weights = weights_of(lessons);
  EXPECT_NEAR(weights.at("parrot"), 1.0, 0.1) << "it is right nine times of ten, who look only eight times";
  EXPECT_NEAR(weights.at("eye1"), 1.0, 0.1);
}

TEST(Weights, stay_within_bounds_in_which_one_expert_outweighs_neither_two_as_sure_nor_any_four) {
  std::mt19937 random(6);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  for (int round = 0; round < 20; ++round) {
    std::vector<double> accuracies;
    for (std::size_t e = 0; e < 2 + random() % 6; ++e) accuracies.push_back(uniform(random));
    for (const auto& [expert, weight] : weights_of(judged(30 + random() % 100, accuracies, random()))) {
      ASSERT_TRUE(weight == silenced || (weight >= lightest && weight <= heaviest)) << expert << " " << weight;
    }
  }
  const Labels two{{"healthy", "failing"}, true, {true, false}};
  const auto against = [&](std::size_t others, double mine, double theirs) {
    std::vector<Vote> votes = {{0, 1, mine, heaviest, true}};
    for (std::size_t i = 0; i < others; ++i) votes.push_back({i + 1, 0, theirs, lightest, true});
    const auto outcome = decide_scope(votes, two);
    return outcome.decision == Decision::decided && outcome.label == 0;
  };
  for (double confidence = 0.0; confidence <= 1.0; confidence += 0.1)
    EXPECT_TRUE(against(2, confidence, confidence)) << confidence;
  EXPECT_TRUE(against(4, 1.0, 0.0));
}

TEST(Weights, do_not_depend_on_the_order_of_judgements) {
  auto lessons = judged(80, {0.9, 0.7, 0.4}, 7);
  const auto expected = weights_of(lessons);
  std::shuffle(lessons.begin(), lessons.end(), std::mt19937(8));
  EXPECT_EQ(weights_of(lessons), expected) << "bit by bit";
}

TEST(Weights, of_votes_that_tell_nothing_are_alike_or_small) {
  const auto weights = weights_of(judged(500, {1.0 / 3, 1.0 / 3, 1.0 / 3}, 9));
  for (const auto& [expert, weight] : weights) EXPECT_LE(weight, heaviest) << expert;
}

// A supporter whose weight was learned never takes the verdict from the label it supports.
TEST(Weights, of_a_supporter_never_turn_the_verdict_away_from_what_it_supports) {
  std::mt19937 random(10);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  const Labels three{labels, true, {true, false, false}};
  for (int round = 0; round < 2000; ++round) {
    std::vector<Vote> votes;
    for (std::size_t i = 0; i < 2 + random() % 6; ++i) {
      votes.push_back({i, random() % 3, uniform(random), lightest + (heaviest - lightest) * uniform(random), true});
    }
    const auto before = decide_scope(votes, three);
    if (before.decision != Decision::decided) continue;
    votes.push_back({votes.size(), before.label, uniform(random), lightest + (heaviest - lightest) * uniform(random), true});
    const auto after = decide_scope(votes, three);
    ASSERT_EQ(after.decision, Decision::decided);
    ASSERT_EQ(after.label, before.label);
  }
}

}  // namespace
}  // namespace conclave::consensus
