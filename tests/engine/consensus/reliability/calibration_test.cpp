#include "engine/consensus/reliability/calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

namespace conclave::consensus {
namespace {

using Verdicts = std::vector<JudgedVerdict>;
using Method = Calibration::Method;

// Verdicts that hold half as much more often than a coin as was said.
Verdicts overconfident(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  Verdicts out;
  for (std::size_t i = 0; i < count; ++i) {
    const double said = 0.5 + 0.49 * uniform(random);
    const double true_share = 0.5 + (said - 0.5) / 2.0;
    out.push_back({said, uniform(random) < true_share});
  }
  return out;
}

double expected_calibration_error(const Calibration& calibration, const Verdicts& verdicts) {
  std::array<double, 10> said{};
  std::array<double, 10> held{};
  for (const JudgedVerdict& verdict : verdicts) {
    const double p = calibration(verdict.confidence);
    const auto bin = std::min<std::size_t>(9, static_cast<std::size_t>(p * 10));
    said[bin] += p;
    held[bin] += verdict.held ? 1.0 : 0.0;
  }
  double sum = 0.0;
  for (std::size_t bin = 0; bin < 10; ++bin) sum += std::abs(said[bin] - held[bin]);
  return sum / static_cast<double>(verdicts.size());
}

TEST(Calibration, without_enough_outcomes_changes_nothing_bit_for_bit) {
  const auto calibration = fit_calibration(overconfident(least_for_platt - 1, 1));
  EXPECT_EQ(calibration.method, Method::none);
  EXPECT_EQ(calibration.judged, least_for_platt - 1);
  for (const double p : {0.0, 1e-300, 0.1, 1.0 / 3.0, 0.9999999999999999, 1.0}) EXPECT_EQ(calibration(p), p);
}

TEST(Calibration, brings_overconfident_experts_nearer_to_the_truth) {
  const Verdicts unseen = overconfident(20'000, 99);
  const double before = expected_calibration_error({}, unseen);
  const auto some = fit_calibration(overconfident(200, 2));
  EXPECT_EQ(some.method, Method::platt);
  EXPECT_LT(expected_calibration_error(some, unseen), before / 2);
  const auto many = fit_calibration(overconfident(2000, 3));
  EXPECT_EQ(many.method, Method::isotonic);
  EXPECT_LT(expected_calibration_error(many, unseen), 0.03);
}

TEST(Calibration, never_falls_and_never_leaves_its_range) {
  std::mt19937 random(4);
  for (int round = 0; round < 60; ++round) {
    Verdicts verdicts;
    const std::size_t count = round % 2 == 0 ? 20 + random() % 80 : 1000 + random() % 200;
    const unsigned levels = 1 + random() % 12;
    for (std::size_t i = 0; i < count; ++i) {
      verdicts.push_back({static_cast<double>(random() % (levels + 1)) / levels, random() % 3 == 0});
    }
    const auto calibration = fit_calibration(verdicts);
    double last = 0.0;
    for (int step = 0; step <= 1000; ++step) {
      const double value = calibration(step / 1000.0);
      ASSERT_TRUE(std::isfinite(value));
      ASSERT_GE(value, last);
      ASSERT_LT(value, 1.0);
      last = value;
    }
    ASSERT_GT(calibration(0.0), 0.0);
  }
}

TEST(Calibration, takes_no_certainty_from_verdicts_that_were_all_right_or_all_wrong) {
  for (const bool held : {true, false}) {
    for (const std::size_t count : {std::size_t{20}, std::size_t{1000}}) {
      const auto calibration = fit_calibration(Verdicts(count, {0.9, held}));
      const double rest = held ? 1.0 - calibration(0.9) : calibration(0.9);
      EXPECT_NEAR(rest, 1.0 / (static_cast<double>(count) + 2.0), 0.002) << held << count;
    }
  }
}

TEST(Calibration, lets_confidence_that_points_the_wrong_way_count_for_nothing) {
  Verdicts verdicts;
  for (int i = 0; i < 40; ++i) verdicts.push_back({i % 2 == 0 ? 0.95 : 0.6, i % 2 != 0});
  const auto calibration = fit_calibration(verdicts);
  EXPECT_EQ(calibration.slope, 0.0);
  EXPECT_EQ(calibration(0.6), calibration(0.95));
  EXPECT_NEAR(calibration(0.6), 0.5, 0.01);
}

TEST(Calibration, does_not_depend_on_the_order_of_outcomes) {
  for (const std::size_t count : {std::size_t{70}, std::size_t{1200}}) {
    Verdicts verdicts = overconfident(count, 5);
    const auto expected = fit_calibration(verdicts);
    std::shuffle(verdicts.begin(), verdicts.end(), std::mt19937(6));
    EXPECT_EQ(fit_calibration(verdicts), expected);
  }
}

TEST(Calibration, of_certainties_is_finite) {
  Verdicts verdicts;
  for (int i = 0; i < 30; ++i) verdicts.push_back({i % 2 == 0 ? 1.0 : 0.0, i % 2 == 0});
  const auto calibration = fit_calibration(verdicts);
  EXPECT_GT(calibration(1.0), 0.9);
  EXPECT_LT(calibration(1.0), 1.0);
  EXPECT_LT(calibration(0.0), 0.1);
}

TEST(Calibration, comes_back_from_json_with_the_same_bits) {
  for (const std::size_t count : {std::size_t{3}, std::size_t{50}, std::size_t{1500}}) {
    const auto before = fit_calibration(overconfident(count, 7));
    const auto after = calibration_from_json(nlohmann::json::parse(to_json(before).dump()));
    ASSERT_TRUE(after) << after.error().text();
    EXPECT_EQ(*after, before);
  }
}

TEST(Calibration, refuses_numbers_that_are_none) {
  const nlohmann::json good = to_json(fit_calibration(overconfident(50, 8)));
  for (const char* change :
       {R"({"slope": -1})", R"({"slope": null})", R"({"intercept": "x"})", R"({"method": "magic"})", R"({"method": "isotonic"})",
        R"({"method": "isotonic", "points": [[0.5, 0.6], [0.4, 0.7]]})",
        R"({"method": "isotonic", "points": [[0.5, 0.6], [0.6, 0.5]]})", R"({"method": "isotonic", "points": [[0.5, 1.6]]})",
        R"({"points": [[0.5, 0.5]]})", R"({"judged": 1e300})", R"({"judged": -1})"}) {
    nlohmann::json wrong = good;
    wrong.update(nlohmann::json::parse(change));
    EXPECT_FALSE(calibration_from_json(wrong)) << change;
  }
  EXPECT_FALSE(calibration_from_json(nlohmann::json::object()));
  EXPECT_FALSE(calibration_from_json("text"));
}

}  // namespace
}  // namespace conclave::consensus
