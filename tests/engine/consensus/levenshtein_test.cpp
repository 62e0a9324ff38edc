#include "engine/consensus/levenshtein.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace conclave::consensus {
namespace {

// Wagner & Fischer 1974, by the book.
std::size_t reference_distance(std::u32string_view a, std::u32string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

TEST(Levenshtein, knows_the_textbook_cases) {
  EXPECT_EQ(levenshtein_distance(U"kitten", U"sitting"), 3U);
  EXPECT_EQ(levenshtein_distance(U"", U"abc"), 3U);
  EXPECT_EQ(levenshtein_distance(U"abc", U""), 3U);
  EXPECT_EQ(levenshtein_distance(U"", U""), 0U);
  EXPECT_EQ(levenshtein_distance(U"flaw", U"lawn"), 2U);
  EXPECT_EQ(levenshtein_distance(U"same", U"same"), 0U);
}

TEST(Levenshtein, agrees_with_the_plain_table_at_every_length_around_word_boundaries) {
  std::mt19937 random(7);
  for (const std::size_t length : {1U, 2U, 63U, 64U, 65U, 127U, 128U, 129U, 200U, 333U}) {
    for (int round = 0; round < 20; ++round) {
      const auto letter = [&] { return U"abcd\u4e2d\U0001F525"[random() % 6]; };
      std::u32string a(length, U'\0');
      std::u32string b(1 + random() % (length * 2), U'\0');
      std::generate(a.begin(), a.end(), letter);
      std::generate(b.begin(), b.end(), letter);
      ASSERT_EQ(levenshtein_distance(a, b), reference_distance(a, b)) << length << ' ' << b.size();
      ASSERT_EQ(levenshtein_distance(b, a), reference_distance(a, b));
    }
  }
}

TEST(Levenshtein, counts_a_few_edits_in_a_long_text) {
  std::u32string a;
  for (char32_t i = 0; i < 5000; ++i) a += U'a' + (i * i + i / 7) % 23;
  std::u32string b = a;
  b[10] = U'!';
  b.erase(2500, 1);
  b.insert(b.begin() + 4000, U'?');
  EXPECT_EQ(levenshtein_distance(a, b), 3U);
}

}  // namespace
}  // namespace conclave::consensus
