#include "engine/consensus/agreement.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace conclave::consensus {
namespace {

Agreement of(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Agreement agreement;
  for (const auto& [first, second] : pairs) agreement.add(first, second);
  return agreement;
}

TEST(Agreement, is_beyond_what_chance_explains) {
  // Cohen's own kind of table: 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no gives 0.4.
  std::vector<std::pair<std::string, std::string>> pairs;
  pairs.insert(pairs.end(), 20, {"yes", "yes"});
  pairs.insert(pairs.end(), 5, {"yes", "no"});
  pairs.insert(pairs.end(), 10, {"no", "yes"});
  pairs.insert(pairs.end(), 15, {"no", "no"});
  EXPECT_DOUBLE_EQ(of(pairs).share(), 0.7);
  EXPECT_NEAR(of(pairs).kappa(), 0.4, 1e-12);
  EXPECT_EQ(of(pairs).pairs(), 50U);
}

TEST(Agreement, is_one_for_equal_answers_and_negative_for_opposite_ones) {
  const std::vector<std::pair<std::string, std::string>> equal = {{"a", "a"}, {"b", "b"}};
  EXPECT_DOUBLE_EQ(of(equal).kappa(), 1.0);
  const std::vector<std::pair<std::string, std::string>> opposite = {{"a", "b"}, {"b", "a"}};
  EXPECT_DOUBLE_EQ(of(opposite).kappa(), -1.0);
}

TEST(Agreement, is_no_number_where_there_is_nothing_to_explain) {
  EXPECT_TRUE(std::isnan(Agreement().share()));
  EXPECT_TRUE(std::isnan(Agreement().kappa()));
  const std::vector<std::pair<std::string, std::string>> same = {{"a", "a"}, {"a", "a"}};
  EXPECT_TRUE(std::isnan(of(same).kappa()));
  EXPECT_EQ(of(same).share(), 1.0);
}

TEST(Agreement, counts_any_number_of_labels) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (int i = 0; i < 5000; ++i) pairs.emplace_back("label " + std::to_string(i), "label " + std::to_string(i % 2500));
  EXPECT_DOUBLE_EQ(of(pairs).share(), 0.5);
  EXPECT_NEAR(of(pairs).kappa(), (0.5 - 1.0 / 5000) / (1 - 1.0 / 5000), 1e-12);
}

}  // namespace
}  // namespace conclave::consensus
