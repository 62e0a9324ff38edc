#include "engine/consensus/aggregation/opinion_pool.h"

#include <gtest/gtest.h>

#include <vector>

namespace conclave::consensus {
namespace {

struct Given {
  std::vector<std::uint32_t> items;
  std::vector<std::uint32_t> experts;
  Grid probabilities;
  std::size_t item_count = 0;
  std::size_t expert_count = 0;

  [[nodiscard]] Verdicts pooled(PoolKind kind, std::vector<std::int32_t> truth = {}) const {
    return pool_opinions({items, experts, probabilities, item_count, expert_count, truth}, kind);
  }
};

Given two_opinions(std::vector<double> first, std::vector<double> second) {
  Given given{{0, 0}, {0, 1}, Grid(2, first.size()), 1, 2};
  std::copy(first.begin(), first.end(), given.probabilities.row(0).begin());
  std::copy(second.begin(), second.end(), given.probabilities.row(1).begin());
  return given;
}

TEST(OpinionPool, is_the_mean_or_the_geometric_mean) {
  const Given given = two_opinions({0.9, 0.1}, {0.5, 0.5});
  EXPECT_NEAR(given.pooled(PoolKind::linear).probabilities.row(0)[0], 0.7, 1e-15);
  EXPECT_NEAR(given.pooled(PoolKind::logarithmic).probabilities.row(0)[0], 0.75, 1e-12);  // odds: sqrt(9 * 1)
}

TEST(OpinionPool, names_no_winner_of_a_tie) {
  const Given given = two_opinions({0.8, 0.2}, {0.2, 0.8});
  EXPECT_EQ(given.pooled(PoolKind::linear).labels.front(), -1);
  EXPECT_EQ(given.pooled(PoolKind::logarithmic).labels.front(), -1);
}

TEST(OpinionPool, lets_no_expert_veto_a_class) {
  Given given{{0, 0, 0, 0}, {0, 1, 2, 3}, Grid(4, 2), 1, 4};
  for (std::size_t row = 0; row < 3; ++row) given.probabilities.row(row)[0] = 0.99;
  for (std::size_t row = 0; row < 3; ++row) given.probabilities.row(row)[1] = 0.01;
  given.probabilities.row(3)[1] = 1.0;
  EXPECT_EQ(given.pooled(PoolKind::logarithmic).labels.front(), 0);
}

TEST(OpinionPool, does_not_depend_on_the_order_of_opinions) {
  const std::vector<double> a{0.3, 0.3, 0.4};
  const std::vector<double> b{0.1, 0.7, 0.2};
  Given turned = two_opinions(b, a);
  turned.experts = {1, 0};
  for (const PoolKind kind : {PoolKind::linear, PoolKind::logarithmic}) {
    EXPECT_EQ(two_opinions(a, b).pooled(kind).probabilities.values, turned.pooled(kind).probabilities.values);
  }
}

TEST(OpinionPool, becomes_surer_when_timid_opinions_prove_right) {
  Given given{{}, {}, Grid(100, 2), 100, 1};
  std::vector<std::int32_t> truth(100, 0);
  for (std::uint32_t item = 0; item < 100; ++item) {
    given.items.push_back(item);
    given.experts.push_back(0);
    given.probabilities.row(item)[0] = 0.6;
    given.probabilities.row(item)[1] = 0.4;
  }
  truth.back() = -1;
  EXPECT_NEAR(given.pooled(PoolKind::logarithmic).probabilities.row(99)[0], 0.6, 1e-12);
  EXPECT_GT(given.pooled(PoolKind::logarithmic, truth).probabilities.row(99)[0], 0.7);
  EXPECT_EQ(given.pooled(PoolKind::linear, truth).probabilities.row(0)[0], 1.0);
}

}  // namespace
}  // namespace conclave::consensus
