// Experts that speak of several labels: distributions and rankings, from JSON to the verdict.
#include "engine/consensus/opinion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/engine/consensus/circle_builder.h"

namespace conclave::consensus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Shares = std::vector<std::pair<std::string, double>>;
using Responses = std::vector<ExpertResponse>;

const Labels three{{"healthy", "degraded", "failing"}, true, {true, false, false}};

ExpertResponse spread(std::string name, Shares shares, double confidence = 0.8) {
  ExpertResponse response = answer(std::move(name), std::nullopt, confidence);
  set_probabilities(response, std::move(shares));
  return response;
}

ExpertResponse ranked(std::string name, std::vector<std::string> labels, double confidence = 0.8) {
  ExpertResponse response = answer(std::move(name), std::nullopt, confidence);
  set_ranking(response, std::move(labels));
  return response;
}

ConsensusResult must_conclude(const Responses& responses, const Question& question = {}) {
  auto result = conclude(responses, question);
  EXPECT_TRUE(result) << result.error().text();
  return result ? *std::move(result) : ConsensusResult{};
}

double sum(const std::vector<double>& values) {
  double total = 0.0;
  for (const double value : values) total += value;
  return total;
}

TEST(Opinion, a_distribution_gives_every_label_its_share_and_none_certainty) {
  const Vote vote = vote_of(spread("a", {{"healthy", 1.0}}), 0, three);
  EXPECT_THAT(vote.support, ElementsAre(1.0, 0.0, 0.0));
  EXPECT_LT(vote.probabilities[0], 1.0);
  EXPECT_GT(vote.probabilities[2], 0.0);
  EXPECT_NEAR(sum(vote.probabilities), 1.0, 1e-12);
  const Vote even = vote_of(spread("a", {{"failing", 0.25}, {"healthy", 0.75}}), 0, three);
  EXPECT_THAT(even.support, ElementsAre(0.75, 0.0, 0.25));
}

TEST(Opinion, a_ranking_votes_for_its_first_and_half_as_much_from_place_to_place) {
  const Vote vote = vote_of(ranked("a", {"failing", "degraded"}, 0.6), 2, three);
  EXPECT_THAT(vote.support, ElementsAre(0.0, 0.5, 1.0));
  EXPECT_NEAR(vote.probabilities[2], 0.5 + 0.49 * 0.6, 1e-12) << "as a label of that confidence";
  EXPECT_NEAR(vote.probabilities[1], 2 * vote.probabilities[0], 1e-12) << "what is not ranked shares the place after the last";
  EXPECT_NEAR(sum(vote.probabilities), 1.0, 1e-12);
}

TEST(Opinion, a_question_of_one_label_leaves_no_doubt) {
  const Labels one{{"only"}, true, {true}};
  EXPECT_THAT(vote_of(ranked("a", {"only"}), 0, one).probabilities, ElementsAre(1.0));
  EXPECT_THAT(vote_of(spread("a", {{"only", 1.0}}), 0, one).probabilities, ElementsAre(1.0));
}

TEST(Opinion, distributions_are_pooled_linearly_within_a_scope) {
  const auto result =
      must_conclude({spread("a", {{"healthy", 0.9}, {"failing", 0.1}}), spread("b", {{"healthy", 0.5}, {"degraded", 0.5}})});
  EXPECT_EQ(result.verdict, "healthy");
  EXPECT_NEAR(result.scopes[0].probabilities[0].second, 0.98 * 0.7 + 0.02 / 3, 1e-12);
  EXPECT_NEAR(result.scopes[0].probabilities[2].second, 0.98 * 0.05 + 0.02 / 3, 1e-12);
}

TEST(Opinion, what_many_say_second_can_win_and_is_said_so) {
  Question question;
  question.verdicts = {"disk", "network", "code"};
  question.ordered = false;
  const auto result =
      must_conclude({spread("a", {{"disk", 0.6}, {"network", 0.4}}), spread("b", {{"code", 0.6}, {"network", 0.4}})}, question);
  EXPECT_EQ(result.verdict, "network");
  EXPECT_THAT(result.reason, HasSubstr("though none puts it first"));
  EXPECT_EQ(result.consensus_text, "what a found");
}

TEST(Opinion, a_ranking_decides_between_labels_that_as_many_put_first) {
  const Responses tied{answer("a", "healthy"), answer("b", "failing"), answer("c", "degraded")};
  EXPECT_FALSE(must_conclude(tied).verdict);
  const Responses ranked_too{answer("a", "healthy"), answer("b", "failing"), ranked("c", {"degraded", "failing"})};
  EXPECT_EQ(must_conclude(ranked_too).verdict, "failing");
}

TEST(Opinion, one_loud_distribution_cannot_flip_four_labels) {
  Responses responses{spread("loud", {{"failing", 1.0}}, 1.0)};
  for (const char* name : {"a", "b", "c", "d"}) responses.push_back(answer(name, "healthy", 0.0));
  EXPECT_EQ(must_conclude(responses).verdict, "healthy");
}

TEST(Opinion, reads_back_as_it_was_written_bit_by_bit) {
  for (const auto& response : {spread("a", {{"failing", 0.1}, {"healthy", 0.9}}), ranked("b", {"failing", "healthy"})}) {
    const auto again = response_from_json(nlohmann::json::parse(to_json(response).dump()));
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_EQ(*again, response);
  }
}

TEST(Opinion, refuses_in_json_what_is_no_verdict) {
  for (const char* verdict : {"3", "true", "{}", "[]", "[1]", "{\"healthy\": \"much\"}", "[[\"healthy\"]]"}) {
    const auto json = nlohmann::json::parse(std::string(R"({"expert_name": "a", "verdict": )") + verdict + "}");
    const auto read = response_from_json(json);
    ASSERT_FALSE(read) << verdict;
    EXPECT_THAT(read.error().message, HasSubstr("verdict must"));
    EXPECT_THAT(read.error().message, HasSubstr("'a'"));
  }
}

TEST(Opinion, refuses_probabilities_that_are_none_and_names_the_label) {
  const auto refusal = [](const ExpertResponse& response) {
    const auto result = conclude(Responses{response}, {});
    return result ? std::string("accepted") : result.error().text();
  };
  EXPECT_THAT(refusal(spread("a", {{"healthy", std::nan("")}})),
              HasSubstr("response of 'a' (responses[0]): verdict['healthy'] must be a number from 0 to 1"));
  EXPECT_THAT(refusal(spread("a", {{"healthy", 1.5}, {"failing", -0.5}})), HasSubstr("verdict['failing']"));
  EXPECT_THAT(refusal(spread("a", {{"healthy", 0.5}, {"failing", 0.4}})), HasSubstr("sum to 1"));
  EXPECT_THAT(refusal(spread("a", {{"healthy", 0.5}, {"heathy", 0.5}})), HasSubstr("did you mean 'healthy'"));
  EXPECT_THAT(refusal(ranked("a", {"healthy", "healthy"})), HasSubstr("twice"));
  EXPECT_THAT(refusal(ranked("a", {"healthy", " "})), HasSubstr("must not be empty"));
  EXPECT_EQ(refusal(spread("a", {{"degraded", 0.33}, {"failing", 0.33}, {"healthy", 0.33}})), "accepted") << "rounded";
}

TEST(Opinion, composed_and_decomposed_labels_are_the_same_label) {
  Question question;
  question.verdicts = {"caf\u00e9", "th\u00e9"};
  question.ordered = false;
  EXPECT_EQ(must_conclude({answer("a", "cafe\u0301"), answer("b", "caf\u00e9")}, question).verdict, "caf\u00e9");
  EXPECT_THAT(conclude(Responses{ranked("a", {"caf\u00e9", "cafe\u0301"})}, question).error().text(), HasSubstr("twice"));
  question.verdicts.push_back("cafe\u0301");
  EXPECT_FALSE(conclude(Responses{answer("a", "th\u00e9")}, question)) << "a verdict is named twice";
}

}  // namespace
}  // namespace conclave::consensus
