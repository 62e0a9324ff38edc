#include "engine/consensus/voting.h"

#include <gtest/gtest.h>

#include <numeric>

namespace conclave::consensus {
namespace {

const Labels ordered{{"healthy", "degraded", "failing"}, true, {true, false, false}};
const Labels causes{{"disk", "network", "code"}, false, {true, false, false}};
const Labels two{{"yes", "no"}, true, {true, false}};

Vote vote(std::size_t label, double confidence, double weight = 1.0, bool proven = false) {
  return {0, label, confidence, weight, proven};
}

double sum(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

TEST(Scope, pools_its_voters_opinions_linearly_by_weight) {
  const std::vector<Vote> votes{vote(0, 0.8, 1.0), vote(1, 0.5, 3.0)};
  const auto outcome = decide_scope(votes, causes);
  const double a = 0.5 + 0.49 * 0.8;
  const double b = 0.5 + 0.49 * 0.5;
  EXPECT_NEAR(outcome.probabilities[0], (a + 3.0 * (1.0 - b) / 2.0) / 4.0, 1e-12);
  EXPECT_NEAR(outcome.probabilities[1], ((1.0 - a) / 2.0 + 3.0 * b) / 4.0, 1e-12);
  EXPECT_NEAR(sum(outcome.probabilities), 1.0, 1e-12);
  EXPECT_EQ(outcome.label, 1U);
}

TEST(Scope, gives_the_rest_of_an_opinion_to_near_labels_if_they_are_ordered) {
  const std::vector<Vote> good{vote(0, 0.5)};
  const auto outcome = decide_scope(good, ordered);
  const double rest = 1.0 - (0.5 + 0.49 * 0.5);
  EXPECT_NEAR(outcome.probabilities[1], rest * 0.6, 1e-12);
  EXPECT_NEAR(outcome.probabilities[2], rest * 0.4, 1e-12);
}

TEST(Scope, is_tied_between_equal_camps_whatever_their_labels) {
  for (const auto& [a, b] : {std::pair{0U, 1U}, std::pair{0U, 2U}, std::pair{1U, 2U}}) {
    EXPECT_EQ(decide_scope(std::vector{vote(a, 0.7), vote(b, 0.7)}, ordered).decision, Decision::tie);
    EXPECT_EQ(decide_scope(std::vector{vote(a, 0.9), vote(b, 0.2), vote(b, 0.7), vote(a, 0.0)}, ordered).decision, Decision::tie);
  }
}

TEST(Scope, is_not_flipped_by_one_loud_expert_among_two_calm_ones) {
  for (const Labels* labels : {&ordered, &causes, &two}) {
    for (std::size_t calm = 0; calm < labels->names.size(); ++calm) {
      for (std::size_t loud = 0; loud < labels->names.size(); ++loud) {
        const auto outcome = decide_scope(std::vector{vote(calm, 0.0), vote(loud, 1.0, 1.0, true), vote(calm, 0.0)}, *labels);
        EXPECT_EQ(outcome.decision, Decision::decided);
        EXPECT_EQ(outcome.label, calm);
      }
    }
  }
}

TEST(Scope, with_one_bad_vote_needs_proof) {
  EXPECT_EQ(decide_scope(std::vector{vote(2, 1.0)}, ordered).decision, Decision::unconfirmed);
  EXPECT_EQ(decide_scope(std::vector{vote(2, 0.1, 1.0, true)}, ordered).decision, Decision::decided);
  EXPECT_EQ(decide_scope(std::vector{vote(0, 0.1)}, ordered).decision, Decision::decided);
  EXPECT_EQ(decide_scope(std::vector{vote(2, 0.1), vote(2, 0.1)}, ordered).decision, Decision::decided);
}

TEST(Scope, bears_the_most_extreme_weights) {
  const auto outcome = decide_scope(std::vector{vote(0, 0.5, 1e308), vote(0, 0.5, 1e308), vote(1, 0.5, 1e-308)}, ordered);
  EXPECT_EQ(outcome.decision, Decision::decided);
  EXPECT_NEAR(sum(outcome.probabilities), 1.0, 1e-12);
}

TEST(Scope, of_a_question_with_one_label_is_certain) {
  const Labels one{{"seen"}, true, {true}};
  EXPECT_EQ(decide_scope(std::vector{vote(0, 0.0)}, one).probabilities, std::vector{1.0});
}

TEST(Scope, without_votes_knows_nothing) {
  const auto outcome = decide_scope({}, ordered);
  EXPECT_EQ(outcome.decision, Decision::no_votes);
  EXPECT_NEAR(outcome.probabilities[0], 1.0 / 3.0, 1e-12);
}

TEST(Case, is_as_bad_as_its_worst_decided_scope) {
  const std::vector<ScopeOutcome> scopes{{Decision::decided, 0, {0.9, 0.06, 0.04}},
                                         {Decision::decided, 1, {0.1, 0.8, 0.1}},
                                         {Decision::unconfirmed, 2, {0.01, 0.01, 0.98}}};
  const auto outcome = decide_case(scopes, ordered);
  EXPECT_EQ(outcome.label, 1U);
  EXPECT_NEAR(outcome.probability, 1.0 - 0.9 * 0.1, 1e-12) << "at least that bad; the unconfirmed scope says nothing";
}

TEST(Case, is_good_with_the_product_of_its_scopes) {
  const std::vector<ScopeOutcome> scopes{{Decision::decided, 0, {0.9, 0.06, 0.04}}, {Decision::decided, 0, {0.8, 0.1, 0.1}}};
  const auto outcome = decide_case(scopes, ordered);
  EXPECT_EQ(outcome.label, 0U);
  EXPECT_NEAR(outcome.probability, 0.72, 1e-12);
}

TEST(Case, with_a_passing_middle_verdict_is_at_least_that_good) {
  const Labels lenient{{"healthy", "degraded", "failing"}, true, {true, true, false}};
  const std::vector<ScopeOutcome> scopes{{Decision::decided, 1, {0.2, 0.7, 0.1}}, {Decision::decided, 0, {0.9, 0.05, 0.05}}};
  EXPECT_NEAR(decide_case(scopes, lenient).probability, 0.9 * 0.95, 1e-12);
}

TEST(Case, without_a_decided_scope_has_no_verdict) {
  const auto outcome = decide_case(std::vector<ScopeOutcome>{{Decision::tie, 0, {0.4, 0.2, 0.4}}}, ordered);
  EXPECT_FALSE(outcome.label);
  EXPECT_TRUE(outcome.contested);
  EXPECT_EQ(outcome.probability, 0.0);
}

}  // namespace
}  // namespace conclave::consensus
