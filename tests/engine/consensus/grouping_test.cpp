#include <gtest/gtest.h>

#include <random>

#include "engine/consensus/similarity.h"

namespace conclave::consensus {
namespace {

using Groups = std::vector<std::vector<std::size_t>>;

Eigen::MatrixXd matrix(std::initializer_list<std::initializer_list<double>> rows) {
  const auto n = static_cast<Eigen::Index>(rows.size());
  Eigen::MatrixXd out(n, n);
  Eigen::Index i = 0;
  for (const auto& row : rows) {
    Eigen::Index j = 0;
    for (const double value : row) out(i, j++) = value;
    ++i;
  }
  return out;
}

// Merges by recomputing every average from the matrix: slow and plainly right.
Groups reference_groups(const Eigen::MatrixXd& similarity, double threshold, const Eigen::MatrixXi& may_join) {
  Groups groups;
  for (std::size_t i = 0; i < static_cast<std::size_t>(similarity.rows()); ++i) groups.push_back({i});
  for (;;) {
    double best = -1.0;
    std::pair<std::size_t, std::size_t> pair;
    for (std::size_t a = 0; a < groups.size(); ++a) {
      for (std::size_t b = a + 1; b < groups.size(); ++b) {
        double sum = 0.0;
        bool allowed = true;
        for (const std::size_t i : groups[a]) {
          for (const std::size_t j : groups[b]) {
            sum += similarity(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j));
            allowed = allowed && may_join(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) != 0;
          }
        }
        const double average = sum / static_cast<double>(groups[a].size() * groups[b].size());
        if (allowed && average > best + 1e-12) {
          best = average;
          pair = {a, b};
        }
      }
    }
    if (best < threshold - 1e-12) break;
    groups[pair.first].insert(groups[pair.first].end(), groups[pair.second].begin(), groups[pair.second].end());
    groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(pair.second));
  }
  for (auto& group : groups) std::sort(group.begin(), group.end());
  std::sort(groups.begin(), groups.end(),
            [](const auto& a, const auto& b) { return a.size() != b.size() ? a.size() > b.size() : a.front() < b.front(); });
  return groups;
}

TEST(Grouping, of_nothing_and_of_one) {
  EXPECT_EQ(group_by_similarity(Eigen::MatrixXd(0, 0), 0.7, {}), Groups{});
  EXPECT_EQ(group_by_similarity(Eigen::MatrixXd::Identity(1, 1), 0.7, {}), Groups{{0}});
}

TEST(Grouping, joins_at_the_threshold_and_not_below) {
  const auto pair = matrix({{1, 0.7}, {0.7, 1}});
  EXPECT_EQ(group_by_similarity(pair, 0.7, {}), (Groups{{0, 1}}));
  EXPECT_EQ(group_by_similarity(pair, 0.71, {}), (Groups{{0}, {1}}));
}

TEST(Grouping, looks_at_the_average_and_not_at_the_nearest_member) {
  // 1 is near both, but 0 and 2 have nothing in common: single linkage would join all.
  const auto chain = matrix({{1, 0.9, 0.0}, {0.9, 1, 0.8}, {0.0, 0.8, 1}});
  EXPECT_EQ(group_by_similarity(chain, 0.7, {}), (Groups{{0, 1}, {2}}));
  EXPECT_EQ(group_by_similarity(chain, 0.4, {}), (Groups{{0, 1, 2}}));
}

TEST(Grouping, breaks_ties_by_the_smallest_member) {
  const auto tie = matrix({{1, 0.8, 0.8}, {0.8, 1, 0.1}, {0.8, 0.1, 1}});
  EXPECT_EQ(group_by_similarity(tie, 0.7, {}), (Groups{{0, 1}, {2}}));
}

TEST(Grouping, puts_the_largest_group_first) {
  const auto three = matrix({{1, 0, 0}, {0, 1, 1}, {0, 1, 1}});
  EXPECT_EQ(group_by_similarity(three, 0.7, {}), (Groups{{1, 2}, {0}}));
}

TEST(Grouping, never_joins_a_pair_that_may_not_not_even_through_a_third) {
  const Eigen::MatrixXd same = Eigen::MatrixXd::Ones(3, 3);
  Eigen::MatrixXi may_join = Eigen::MatrixXi::Ones(3, 3);
  may_join(0, 2) = may_join(2, 0) = 0;
  EXPECT_EQ(group_by_similarity(same, 0.0, may_join), (Groups{{0, 1}, {2}}));
}

TEST(Grouping, agrees_with_the_plain_algorithm_on_random_matrices) {
  std::mt19937 random(11);
  for (int round = 0; round < 60; ++round) {
    const auto n = static_cast<Eigen::Index>(2 + random() % 14);
    Eigen::MatrixXd similarity = Eigen::MatrixXd::Identity(n, n);
    Eigen::MatrixXi may_join = Eigen::MatrixXi::Ones(n, n);
    for (Eigen::Index i = 0; i < n; ++i) {
      for (Eigen::Index j = i + 1; j < n; ++j) {
        similarity(i, j) = similarity(j, i) = static_cast<double>(random() % 11) / 10.0;
        may_join(i, j) = may_join(j, i) = random() % 5 == 0 ? 0 : 1;
      }
    }
    const double threshold = static_cast<double>(random() % 10) / 10.0;
    ASSERT_EQ(group_by_similarity(similarity, threshold, may_join), reference_groups(similarity, threshold, may_join));
  }
}

TEST(Threshold, lies_in_the_middle_of_the_largest_gap) {
  const Eigen::MatrixXd two_groups = matrix({{1, 0.9, 0.2, 0.2}, {0.9, 1, 0.2, 0.2}, {0.2, 0.2, 1, 0.8}, {0.2, 0.2, 0.8, 1}});
  EXPECT_NEAR(estimated_threshold(two_groups, {}), 0.5, 1e-12);
}

TEST(Threshold, makes_one_group_of_what_is_all_alike_and_none_of_what_is_all_different) {
  const Eigen::MatrixXd alike = Eigen::MatrixXd::Ones(4, 4);
  EXPECT_EQ(group_by_similarity(alike, estimated_threshold(alike, {}), {}).size(), 1U);
  const Eigen::MatrixXd different = 0.1 * Eigen::MatrixXd::Ones(4, 4) + 0.9 * Eigen::MatrixXd::Identity(4, 4);
  EXPECT_EQ(group_by_similarity(different, estimated_threshold(different, {}), {}).size(), 4U);
}

TEST(Threshold, is_there_for_nothing_for_one_text_and_where_nobody_may_join) {
  for (const Eigen::Index n : {0, 1, 5}) {
    const Eigen::MatrixXd same = Eigen::MatrixXd::Ones(n, n);
    const double threshold = estimated_threshold(same, Eigen::MatrixXi::Zero(n, n));
    EXPECT_GE(threshold, 0.0);
    EXPECT_LE(threshold, 1.0);
  }
}

}  // namespace
}  // namespace conclave::consensus
