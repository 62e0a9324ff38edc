#include "engine/logs/line_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <set>

namespace conclave::logs {
namespace {

constexpr std::uint64_t beyond = (std::uint64_t{1} << 32U) + 5;

LineSet set_of(const std::vector<std::uint64_t>& numbers) {
  LineSet set;
  set.add(numbers);
  return set;
}

std::vector<std::uint64_t> all(const LineSet& set) { return set.numbers(0, UINT64_MAX); }

TEST(line_set, holds_lines_beyond_32_bits) {
  const LineSet set = set_of({1, 7, beyond, beyond + (std::uint64_t{1} << 33U)});
  EXPECT_EQ(set.size(), 4U);
  EXPECT_TRUE(set.contains(beyond));
  EXPECT_FALSE(set.contains(5));
  EXPECT_EQ(set.rank(6), 1U);
  EXPECT_EQ(set.rank(beyond - 1), 2U);
  EXPECT_EQ(set.rank(UINT64_MAX), 4U);
  EXPECT_EQ(set.select(2), beyond);
  EXPECT_EQ(set.select(4), std::nullopt);
  EXPECT_EQ(set.numbers(1, 2), (std::vector<std::uint64_t>{7, beyond}));
}

TEST(line_set, a_range_may_cross_the_border_of_32_bits) {
  LineSet set;
  set.add_range(beyond - 10, beyond + 10);
  EXPECT_EQ(set.size(), 21U);
  EXPECT_EQ(all(set).front(), beyond - 10);
  EXPECT_EQ(all(set).back(), beyond + 10);
  set.add_range(5, 4);
  EXPECT_EQ(set.size(), 21U);
}

TEST(line_set, an_empty_one_has_nothing) {
  const LineSet none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.rank(9), 0U);
  EXPECT_EQ(none.select(0), std::nullopt);
  EXPECT_TRUE(none.numbers(0, 10).empty());
  EXPECT_TRUE(none.with_context(3, 10).empty());
  EXPECT_EQ(none.complement(3), set_of({1, 2, 3}));
  EXPECT_EQ(none.complement(0), none);
}

TEST(line_set, and_or_not_are_those_of_sets) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 20; ++round) {
    std::set<std::uint64_t> a;
    std::set<std::uint64_t> b;
    for (int i = 0; i < 300; ++i) {
      a.insert(1 + random() % 500 + (random() % 4 == 0 ? beyond : 0));
      b.insert(1 + random() % 500 + (random() % 4 == 0 ? beyond : 0));
    }
    const LineSet left = set_of({a.begin(), a.end()});
    const LineSet right = set_of({b.begin(), b.end()});
    std::vector<std::uint64_t> expected;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(expected));
    EXPECT_EQ(all(left & right), expected);
    expected.clear();
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(expected));
    EXPECT_EQ(all(left | right), expected);
    expected.clear();
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(expected));
    EXPECT_EQ(all(left - right), expected);
    EXPECT_EQ(left.complement(600).complement(600), left & LineSet().complement(600));
    EXPECT_EQ(all(left - left), std::vector<std::uint64_t>());
  }
}

TEST(line_set, rank_and_select_are_inverse) {
  LineSet set;
  for (std::uint64_t i = 1; i < 5000; ++i) set.add_range(i * 37, i * 37 + i % 5);
  set.compress();
  for (std::uint64_t k = 0; k < set.size(); k += 11) EXPECT_EQ(set.rank(*set.select(k)), k + 1);
}

TEST(line_set, context_joins_what_touches_and_stays_in_the_log) {
  using Ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
  const LineSet set = set_of({1, 5, 11, 20});
  EXPECT_EQ(set.with_context(2, 21), (Ranges{{1, 7}, {9, 13}, {18, 21}}));
  EXPECT_EQ(set.with_context(0, 21), (Ranges{{1, 1}, {5, 5}, {11, 11}, {20, 20}}));
  EXPECT_EQ(set.with_context(UINT64_MAX, 21), (Ranges{{1, 21}}));
}

TEST(line_set, copies_are_their_own) {
  LineSet a = set_of({1, 2});
  const LineSet b = a;
  a.add_range(9, 9);
  EXPECT_EQ(b.size(), 2U);
  EXPECT_FALSE(a == b);
}

TEST(line_set, dense_lines_need_next_to_nothing) {
  LineSet set;
  set.add_range(1, 100'000'000);
  set.compress();
  EXPECT_LT(set.memory_bytes(), 100'000U);
}

}  // namespace
}  // namespace conclave::logs
