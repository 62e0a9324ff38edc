#include "engine/consensus/aggregation/conditional_logit.h"

#include <gtest/gtest.h>
#include <oneapi/tbb/task_arena.h>

#include <cmath>
#include <random>
#include <vector>

namespace conclave::consensus {
namespace {

// Feature 0 counts the votes for a candidate, feature 1 + e is the vote of expert e.
struct Circle {
  std::vector<Choice> judged;
  Shrinkage shrinkage;
};

Circle circle_of(std::size_t choices, const std::vector<double>& accuracies, std::size_t classes, std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto below = [&](std::size_t limit) { return random() % limit; };
  Circle out;
  out.shrinkage.centre.assign(accuracies.size() + 1, 0.0);
  out.shrinkage.own_ridge.assign(accuracies.size() + 1, 0.0);
  out.shrinkage.own_ridge[0] = 0.1;
  for (std::size_t i = 0; i < choices; ++i) {
    Choice choice;
    choice.candidates.resize(classes);
    choice.truth = below(classes);
    for (std::uint32_t e = 0; e < accuracies.size(); ++e) {
      const bool right = static_cast<double>(below(10'000)) < 10'000 * accuracies[e];
      const std::size_t said = right ? choice.truth : (choice.truth + 1 + below(classes - 1)) % classes;
      choice.candidates[said].features.push_back({0, 1.0});
      choice.candidates[said].features.push_back({e + 1, 1.0});
    }
    out.judged.push_back(std::move(choice));
  }
  return out;
}

ConditionalLogit fitted(const Circle& circle) {
  Job job;
  auto found = fit_conditional_logit(circle.judged, circle.shrinkage, job);
  EXPECT_TRUE(found);
  return found ? *found : ConditionalLogit{};
}

double log_odds(double accuracy, std::size_t classes) {
  return std::log(accuracy * static_cast<double>(classes - 1) / (1.0 - accuracy));
}

double penalised(const Circle& circle, const ConditionalLogit& model) {
  double sum = 0.0;
  for (const Choice& choice : circle.judged)
    sum += std::log(choice_probabilities(choice.candidates, model.weights)[choice.truth]);
  for (std::size_t f = 0; f < model.weights.size(); ++f) {
    const double own = circle.shrinkage.own_ridge[f];
    sum -= 0.5 * (own > 0 ? own : model.ridge) * std::pow(model.weights[f] - circle.shrinkage.centre[f], 2);
  }
  return sum;
}

TEST(ConditionalLogit, learns_the_log_odds_of_experts_who_err_independently) {
  const std::vector<double> accuracies{0.9, 0.8, 0.7, 0.6, 0.5};
  const auto model = fitted(circle_of(20'000, accuracies, 3, 1));
  for (std::size_t e = 0; e < accuracies.size(); ++e) {
    EXPECT_NEAR(model.weights[0] + model.weights[e + 1], log_odds(accuracies[e], 3), 0.1) << e;
  }
}

TEST(ConditionalLogit, keeps_its_centre_until_something_is_known) {
  Circle circle = circle_of(0, {0.9, 0.6}, 2, 1);
  circle.shrinkage.centre = {0.7, 0.1, -0.2};
  const auto model = fitted(circle);
  EXPECT_EQ(model.weights, circle.shrinkage.centre);
  EXPECT_EQ(model.held_out, 0.0);
}

TEST(ConditionalLogit, draws_experts_who_are_alike_to_equal_weights_and_others_apart) {
  const auto alike = fitted(circle_of(300, std::vector<double>(8, 0.7), 3, 2));
  const auto unlike = fitted(circle_of(300, {0.95, 0.9, 0.5, 0.4, 0.34, 0.34, 0.34, 0.34}, 3, 2));
  EXPECT_GT(alike.ridge, unlike.ridge);
  for (std::size_t e = 1; e <= 8; ++e) EXPECT_LT(std::abs(alike.weights[e]), 0.35);
  EXPECT_GT(unlike.weights[1] - unlike.weights[8], 1.0);
}

TEST(ConditionalLogit, ends_at_the_maximum) {
  const Circle circle = circle_of(150, {0.8, 0.7, 0.6, 0.4}, 4, 3);
  const auto model = fitted(circle);
  const double best = penalised(circle, model);
  for (std::size_t f = 0; f < model.weights.size(); ++f) {
    for (const double step : {-0.02, 0.02}) {
      auto other = model;
      other.weights[f] += step;
      EXPECT_LT(penalised(circle, other), best) << f;
    }
  }
}

TEST(ConditionalLogit, stays_finite_where_nobody_errs_and_where_everybody_does) {
  for (const double accuracy : {1.0, 0.0}) {
    const auto model = fitted(circle_of(50, {accuracy, accuracy, accuracy}, 2, 4));
    const double together = model.weights[0] + model.weights[1];
    EXPECT_TRUE(std::isfinite(together));
    EXPECT_GT(accuracy == 1.0 ? together : -together, 0.3);
  }
}

TEST(ConditionalLogit, counts_clones_as_one_together) {
  Circle circle = circle_of(2'000, {0.7, 0.7}, 2, 5);
  circle.shrinkage.centre.resize(7, 0.0);
  circle.shrinkage.own_ridge.resize(7, 0.0);
  for (Choice& choice : circle.judged) {
    for (Candidate& candidate : choice.candidates) {
      for (const Candidate::Feature feature : std::vector(candidate.features)) {
        if (feature.index != 2) continue;
        for (std::uint32_t clone = 3; clone <= 6; ++clone) {
          candidate.features.push_back({clone, 1.0});
          candidate.features.push_back({0, 1.0});
        }
      }
    }
  }
  const auto model = fitted(circle);
  double clones = 0.0;
  for (std::size_t e = 2; e <= 6; ++e) clones += model.weights[0] + model.weights[e];
  EXPECT_NEAR(clones, log_odds(0.7, 2), 0.2);
  EXPECT_NEAR(model.weights[0] + model.weights[1], log_odds(0.7, 2), 0.2);
}

TEST(ConditionalLogit, tells_how_likely_truths_are_that_it_has_not_seen) {
  const auto informed = fitted(circle_of(400, {0.9, 0.9, 0.9}, 2, 6));
  const auto guessing = fitted(circle_of(400, {0.5, 0.5, 0.5}, 2, 6));
  EXPECT_GT(informed.held_out, -0.2);
  EXPECT_NEAR(guessing.held_out, -std::log(2.0), 0.03);
}

TEST(ConditionalLogit, takes_several_candidates_alike_as_one_with_an_offset) {
  std::vector<Candidate> candidates(2);
  candidates[0].features.push_back({0, 1.0});
  candidates[1].offset = std::log(3.0);
  const std::vector<double> weights{std::log(6.0)};
  EXPECT_NEAR(choice_probabilities(candidates, weights)[0], 6.0 / 9.0, 1e-12);
}

TEST(ConditionalLogit, is_the_same_with_one_thread_bit_by_bit) {
  const Circle circle = circle_of(200, {0.9, 0.7, 0.5}, 3, 7);
  const auto many = fitted(circle);
  oneapi::tbb::task_arena one(1);
  one.execute([&] { EXPECT_EQ(fitted(circle).weights, many.weights); });
}

TEST(ConditionalLogit, refuses_more_features_than_it_can_learn_and_stops_when_told) {
  Job job;
  Shrinkage wide{std::vector<double>(most_features + 1, 0.0), std::vector<double>(most_features + 1, 0.0)};
  EXPECT_EQ(fit_conditional_logit({}, wide, job).error().kind, ErrorKind::limit);
  const Circle circle = circle_of(20, {0.9, 0.7}, 2, 8);
  job.request_stop();
  EXPECT_EQ(fit_conditional_logit(circle.judged, circle.shrinkage, job).error().kind, ErrorKind::cancelled);
}

}  // namespace
}  // namespace conclave::consensus
