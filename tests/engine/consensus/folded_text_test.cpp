#include "engine/consensus/folded_text.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace conclave::consensus {
namespace {

std::u32string fold(std::string_view text) { return fold_text(text, 1000); }

TEST(FoldedText, is_the_same_for_composed_and_decomposed_letters) {
  EXPECT_EQ(fold("caf\u00e9"), fold("cafe\u0301"));
  EXPECT_EQ(fold("\u1ed9"), fold("o\u0302\u0323")) << "marks in another order";
  EXPECT_EQ(fold("\ud55c"), fold("\u1112\u1161\u11ab")) << "Hangul";
}

TEST(FoldedText, ignores_case_width_and_ligatures) {
  EXPECT_EQ(fold("STRASSE"), fold("stra\u00dfe"));
  EXPECT_EQ(fold("\uff21\uff22"), fold("ab"));
  EXPECT_EQ(fold("\ufb01le"), fold("FILE"));
}

TEST(FoldedText, makes_one_space_of_any_run_of_spaces_and_controls) {
  EXPECT_EQ(fold(std::string_view("  a\0\t\n\u00a0b \r\n", 12)), U"a b");
  EXPECT_EQ(fold(" \n\t"), U"");
  EXPECT_EQ(fold(""), U"");
}

TEST(FoldedText, drops_characters_nobody_sees) { EXPECT_EQ(fold("a\u00ad\u200db\ufe0f"), U"ab"); }

TEST(FoldedText, replaces_bytes_that_are_not_utf8) {
  EXPECT_EQ(fold("a\xff\xfe z"), U"a\uFFFD\uFFFD z");
  EXPECT_EQ(fold("\xe2\x82"), U"\uFFFD\uFFFD") << "truncated";
  EXPECT_EQ(fold("\xed\xa0\x80").size(), 3U) << "a surrogate is not a character";
}

TEST(FoldedText, stops_at_the_limit) {
  EXPECT_EQ(fold_text(std::string(10'000'000, 'x'), 100).size(), 100U);
  EXPECT_EQ(fold_text("abc", 0), U"");
}

TEST(FoldedText, cuts_composed_and_decomposed_text_at_the_same_place) {
  std::string composed;
  std::string decomposed;
  for (int i = 0; i < 100; ++i) {
    composed += "\u00e9";
    decomposed += "e\u0301";
  }
  EXPECT_EQ(fold_text(composed, 51), fold_text(decomposed, 51));
}

TEST(FoldedText, is_linear_in_a_million_combining_marks_in_falling_order) {
  std::string marks = "a";
  for (int i = 0; i < 500'000; ++i) marks += i % 2 == 0 ? "\u0301" : "\u0323";
  EXPECT_EQ(fold_text(marks, 2'000'000).front(), U'\u1ea1') << "the dot below composes first";
}

TEST(Words, are_runs_of_letters_digits_and_connectors) {
  EXPECT_EQ(word_hashes(U"db_pool: 12 of 12"), word_hashes(U"db_pool 12 (of) 12"));
  EXPECT_EQ(word_hashes(U"a b a").size(), 3U);
  EXPECT_EQ(word_hashes(U"...!?").size(), 0U);
  EXPECT_NE(word_hashes(U"ab"), word_hashes(U"ba"));
}

TEST(Words, include_each_symbol_alone) {
  EXPECT_EQ(word_hashes(U"\U0001F525\U0001F525x").size(), 3U);
  EXPECT_NE(word_hashes(U"\U0001F525"), word_hashes(U"\U0001F4A7"));
}

TEST(Ngrams, cover_even_the_shortest_text) {
  EXPECT_EQ(character_ngram_hashes(U"").size(), 0U);
  EXPECT_EQ(character_ngram_hashes(U"a").size(), 1U) << "' a '";
  EXPECT_EQ(character_ngram_hashes(U"ab").size(), 3U) << "' ab', 'ab ', ' ab '";
  const auto hashes = character_ngram_hashes(U"abcdefgh");
  EXPECT_EQ(std::set(hashes.begin(), hashes.end()).size(), 8U + 7U + 6U);
}

}  // namespace
}  // namespace conclave::consensus
