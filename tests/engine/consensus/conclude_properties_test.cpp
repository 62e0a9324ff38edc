// Properties that hold for every circle, on generated ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/base/text.h"
#include "engine/consensus/conclude.h"
#include "tests/engine/consensus/circle_builder.h"

namespace conclave::consensus {
namespace {

using Responses = std::vector<ExpertResponse>;

// Everything in the result, so that equality is equality of every bit.
nlohmann::json everything(const ConsensusResult& r) {
  nlohmann::json out = {r.verdict ? *r.verdict : "(none)",
                        r.passed,
                        r.reason,
                        r.confidence_score,
                        r.coverage,
                        r.consensus_text,
                        r.agreement_matrix,
                        r.matrix_experts,
                        r.groups,
                        r.effective_experts};
  if (r.confidence_interval) out.push_back({r.confidence_interval->first, r.confidence_interval->second});
  for (const auto& s : r.scopes) {
    out.push_back({s.scope, s.verdict ? *s.verdict : "(none)", s.probabilities, s.voters, s.confirmed, s.reason});
  }
  for (const auto& d : r.dissenting_opinions) out.push_back({d.scope, d.verdict, d.experts, d.content, d.unique_claims});
  for (const auto& i : r.key_insights) out.push_back({i.kind, i.text, i.experts});
  for (const auto& c : r.counterfactuals) out.push_back({c.experts, c.scope, c.becomes});
  return out;
}

Responses random_circle(std::mt19937& random, const Question& question) {
  Responses out;
  const std::size_t n = random() % 9;
  for (std::size_t i = 0; i < n; ++i) {
    std::string content;
    for (int word = 0; word < 12; ++word) content += "word" + std::to_string(random() % 9) + " ";
    std::optional<std::string> verdict;
    if (random() % 5 != 0) verdict = question.verdicts[random() % question.verdicts.size()];
    auto response = answer("expert" + std::to_string(random() % 12), verdict, static_cast<double>(random() % 11) / 10.0,
                           "scope" + std::to_string(random() % 3), content);
    response.weight = static_cast<double>(1 + random() % 3) / 3.0;
    if (random() % 3 == 0) response = with_claim(response, "claim" + std::to_string(random() % 4), random() % 2 == 0);
    if (random() % 8 == 0) response.status = random() % 2 == 0 ? Status::abstained : Status::failed;
    out.push_back(std::move(response));
  }
  return out;
}

TEST(Property, no_permutation_and_no_number_of_threads_changes_a_bit) {
  std::mt19937 random(1);
  for (int round = 0; round < 150; ++round) {
    Question question;
    question.ordered = round % 3 != 0;
    auto responses = random_circle(random, question);
    question.circle.enable_parallel_processing = false;
    const auto expected = everything(*conclude(responses, question));
    question.circle.enable_parallel_processing = true;
    question.circle.max_threads = round % 4;
    for (int shuffle = 0; shuffle < 3; ++shuffle) {
      std::shuffle(responses.begin(), responses.end(), random);
      ASSERT_EQ(everything(*conclude(responses, question)).dump(), expected.dump());
    }
  }
}

TEST(Property, renaming_the_labels_renames_the_verdict_and_nothing_else) {
  std::mt19937 random(2);
  for (int round = 0; round < 100; ++round) {
    Question question;
    question.ordered = false;
    question.verdicts = {"x", "y", "z"};
    question.gate.pass = {"x", "y", "z"};
    auto responses = random_circle(random, question);
    const auto before = *conclude(responses, question);
    // x -> y -> z -> x; the order of the labels stays.
    const auto next = [](const std::string& label) { return label == "x" ? "y" : label == "y" ? "z" : "x"; };
    for (auto& response : responses) {
      if (response.verdict) response.verdict = next(*response.verdict);
    }
    const auto after = *conclude(responses, question);
    ASSERT_EQ(after.verdict.has_value(), before.verdict.has_value());
    if (before.verdict) {
      ASSERT_EQ(*after.verdict, next(*before.verdict));
    }
    ASSERT_NEAR(after.confidence_score, before.confidence_score, 1e-12);
  }
}

TEST(Property, numbers_stay_in_their_ranges_and_a_pass_is_always_a_passing_verdict) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    Question question;
    question.ordered = random() % 3 != 0;
    const auto responses = random_circle(random, question);
    const auto result = *conclude(responses, question, 0.5, random() % 2 == 0);
    ASSERT_GE(result.confidence_score, 0.0);
    ASSERT_LE(result.confidence_score, 1.0);
    ASSERT_GE(result.coverage, 0.0);
    ASSERT_LE(result.coverage, 0.5);
    ASSERT_LE(result.effective_experts, static_cast<double>(responses.size()) + 1e-9);
    ASSERT_EQ(result.passed, result.verdict == "healthy");
    ASSERT_LE(result.counterfactuals.size(), 10U);
    ASSERT_EQ(result.reason.back(), '.');
    for (const auto& scope : result.scopes) {
      double sum = 0.0;
      for (const auto& [label, probability] : scope.probabilities) sum += probability;
      ASSERT_NEAR(sum, 1.0, 1e-9);
    }
    if (result.confidence_interval) {
      ASSERT_LE(result.confidence_interval->first, result.confidence_score);
      ASSERT_GE(result.confidence_interval->second, result.confidence_score);
    }
  }
}

TEST(Property, replay_through_json_gives_the_same_bits) {
  std::mt19937 random(4);
  for (int round = 0; round < 60; ++round) {
    const Question question;
    const auto responses = random_circle(random, question);
    Responses again;
    for (const auto& response : responses) again.push_back(*response_from_json(nlohmann::json::parse(to_json(response).dump())));
    ASSERT_EQ(everything(*conclude(again, question)).dump(), everything(*conclude(responses, question)).dump());
  }
}

TEST(Property, copies_of_an_agreeing_expert_do_not_move_the_confidence) {
  Responses responses{answer("a", "healthy", 0.8), answer("b", "healthy", 0.8)};
  const double before = conclude(responses, {})->confidence_score;
  for (int copy = 0; copy < 50; ++copy)
    responses.push_back(answer("copy" + std::to_string(copy), "healthy", 0.8, "overall", "what a found"));
  const auto after = *conclude(responses, {});
  EXPECT_NEAR(after.confidence_score, before, 1e-9);
  EXPECT_NEAR(after.effective_experts, 2.0, 1e-9);
}

TEST(Property, a_supporter_never_takes_the_verdict_away) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    const Question question;
    auto responses = random_circle(random, question);
    const auto before = *conclude(responses, question);
    if (!before.verdict) continue;
    const auto decisive =
        std::find_if(before.scopes.begin(), before.scopes.end(), [&](const auto& s) { return s.verdict == before.verdict; });
    responses.push_back(with_claim(answer("new", before.verdict, 0.6, decisive->scope), "seen", true));
    ASSERT_EQ(conclude(responses, question)->verdict, before.verdict);
  }
}

TEST(Property, odd_texts_of_every_kind_are_survived_and_come_out_as_utf8) {
  const Responses responses{answer("empty", "healthy", 0.8, "overall", " "),
                            answer("huge", "healthy", 0.8, "overall", std::string(10'000'000, 'x')),
                            answer("nul", "healthy", 0.8, "overall", std::string("a\0b", 3)),
                            answer("bad\xff", "failing", 0.8, "sc\xfeope", "\xc3\x28 \xff"),
                            answer("rtl \u05d0", "healthy", 0.8, "overall", "\u202e\u05d0\u05d1\u05d2"),
                            answer("emoji \U0001F525", "healthy", 0.8, "overall", "\U0001F468\u200d\U0001F469\u200d\U0001F467")};
  for (const Similarity algorithm : {Similarity::cosine, Similarity::jaccard, Similarity::levenshtein}) {
    Question question;
    question.circle.similarity_algorithm = algorithm;
    const auto result = conclude(responses, question);
    ASSERT_TRUE(result);
    EXPECT_NO_THROW(static_cast<void>(everything(*result).dump())) << "dump() refuses what is not UTF-8";
    EXPECT_LT(result->consensus_text.size(), 20'000U);
  }
}

TEST(Property, composed_and_decomposed_answers_are_the_same_answer) {
  const auto result = *conclude(Responses{answer("a", "failing", 0.8, "overall", "caf\u00e9 ferm\u00e9"),
                                          answer("b", "failing", 0.8, "overall", "cafe\u0301 ferme\u0301")},
                                {});
  EXPECT_EQ(result.agreement_matrix[0][1], 1.0);
  EXPECT_NEAR(result.effective_experts, 1.0, 1e-12);
}

TEST(Property, a_large_circle_ends_soon_with_bounded_counterfactuals) {
  std::mt19937 random(6);
  Responses responses;
  for (int i = 0; i < 300; ++i) {
    responses.push_back(answer("expert" + std::to_string(i), i % 20 == 0 ? "degraded" : "healthy", 0.5,
                               "scope" + std::to_string(i % 3), "text " + std::to_string(random() % 50)));
  }
  const auto result = conclude(responses, {});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->verdict, "healthy");
  EXPECT_LE(result->counterfactuals.size(), 10U);
}

}  // namespace
}  // namespace conclave::consensus
