#include "engine/consensus/levenshtein.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "engine/consensus/edit_distances.h"

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

// What each_edit_similarity() finds, by pair.
std::map<std::pair<std::size_t, std::size_t>, double> found(const std::vector<std::u32string>& texts, double cutoff) {
  std::map<std::pair<std::size_t, std::size_t>, double> out;
  each_edit_similarity(
      texts, cutoff,
      [](std::size_t count, const std::function<void(std::size_t)>& work) {
        for (std::size_t i = 0; i < count; ++i) work(i);
      },
      [&](std::size_t i, std::size_t j, double similarity) {
        EXPECT_TRUE(out.emplace(std::pair(i, j), similarity).second) << "each pair once";
      });
  return out;
}

void expect_as_pair_by_pair(const std::vector<std::u32string>& texts, double cutoff) {
  const auto many = found(texts, cutoff);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (std::size_t j = i + 1; j < texts.size(); ++j) {
      const auto longest = static_cast<double>(std::max({texts[i].size(), texts[j].size(), std::size_t{1}}));
      const double expected = 1.0 - static_cast<double>(levenshtein_distance(texts[i], texts[j])) / longest;
      const auto pair = many.find({i, j});
      ASSERT_EQ(pair != many.end(), expected >= cutoff) << i << ' ' << j << ' ' << cutoff << ' ' << expected;
      if (pair != many.end()) {
        ASSERT_EQ(pair->second, expected);
      }
    }
  }
}

TEST(EditSimilarity, of_many_texts_is_that_of_each_pair_at_every_cutoff) {
  std::mt19937 random(9);
  const auto letter = [&] { return U"abcdefgh\u4e2d\U0001F525"[random() % 10]; };
  for (const std::size_t length : {0U, 1U, 15U, 16U, 17U, 63U, 64U, 65U, 130U, 400U}) {
    std::vector<std::u32string> texts;
    for (int i = 0; i < 11; ++i) {
      std::u32string text(length + random() % (1 + length / 4), U'\0');
      std::generate(text.begin(), text.end(), letter);
      if (i % 3 != 0) {  // a few edits away from the one before
        text = texts.back();
        for (std::size_t edit = 0; edit < 1 + length / (i % 3 == 1 ? 20 : 5); ++edit) {
          const std::size_t at = text.empty() ? 0 : random() % text.size();
          switch (random() % 3) {
            case 0:
              text.insert(at, 1, letter());
              break;
            case 1:
              text.erase(at, 1);
              break;
            default:
              if (!text.empty()) text[at] = letter();
          }
        }
      }
      texts.push_back(std::move(text));
    }
    for (const double cutoff : {0.0, 0.1, 0.5, 0.7, 0.75, 0.9, 0.99, 1.0}) expect_as_pair_by_pair(texts, cutoff);
  }
}

TEST(EditSimilarity, of_texts_of_very_different_length) {
  std::mt19937 random(11);
  std::vector<std::u32string> texts;
  for (const std::size_t length : {3000U, 1U, 0U, 64U, 2900U, 700U, 2U, 0U, 65U}) {
    std::u32string text(length, U'\0');
    std::generate(text.begin(), text.end(), [&] { return U'a' + random() % 3; });
    texts.push_back(std::move(text));
  }
  for (const double cutoff : {0.0, 0.3, 0.6, 0.95}) expect_as_pair_by_pair(texts, cutoff);
}

TEST(EditSimilarity, of_none_and_of_one_is_nothing) {
  EXPECT_TRUE(found({}, 0.0).empty());
  EXPECT_TRUE(found({U"alone"}, 0.0).empty());
  EXPECT_EQ(found({U"", U""}, 1.0).at({0, 1}), 1.0);
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
