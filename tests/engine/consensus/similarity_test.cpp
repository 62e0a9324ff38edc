#include "engine/consensus/similarity.h"

#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace conclave::consensus {
namespace {

constexpr std::array all = {Similarity::cosine, Similarity::jaccard, Similarity::levenshtein};

CircleConfig config(Similarity algorithm, int threads = 0) {
  CircleConfig out;
  out.similarity_algorithm = algorithm;
  out.max_threads = threads;
  out.enable_parallel_processing = threads != 1;
  return out;
}

std::vector<std::string> odd_texts() {
  std::vector<std::string> texts = {"",
                                    "   \n",
                                    "the database is down",
                                    "The DATABASE is down!",
                                    "database connections refused on port 5432",
                                    "caf\u00e9 \u05d0\u05d1\u05d2 \u0645\u0631\u062d\u0628\u0627",
                                    "\U0001F525\U0001F525\U0001F525",
                                    "\U0001F4A7",
                                    "...",
                                    "!",
                                    std::string("nul\0inside", 10),
                                    "\xff\xfe\xc3",
                                    "a",
                                    std::string(3000, 'a')};
  std::mt19937 random(5);
  for (int i = 0; i < 30; ++i) {
    std::string text;
    for (int word = 0; word < 40; ++word) text += "word" + std::to_string(random() % 60) + " ";
    texts.push_back(text);
  }
  return texts;
}

TEST(TextSimilarity, is_one_for_equal_texts_and_zero_if_only_one_is_empty) {
  for (const Similarity algorithm : all) {
    EXPECT_EQ(text_similarity("", "", algorithm), 1.0);
    EXPECT_EQ(text_similarity("", " \t", algorithm), 1.0);
    EXPECT_EQ(text_similarity("", "text", algorithm), 0.0);
    EXPECT_EQ(text_similarity("text", "", algorithm), 0.0);
    for (const std::string& text : odd_texts()) EXPECT_EQ(text_similarity(text, text, algorithm), 1.0);
  }
}

TEST(TextSimilarity, does_not_see_how_letters_are_composed_nor_their_case) {
  for (const Similarity algorithm : all) {
    EXPECT_EQ(text_similarity("Caf\u00e9 ferm\u00e9", "cafe\u0301 ferme\u0301", algorithm), 1.0);
    EXPECT_EQ(text_similarity("caf\u00e9 x", "cafe\u0301 y", algorithm),
              text_similarity("caf\u00e9 x", "caf\u00e9 y", algorithm));
  }
}

TEST(TextSimilarity, of_words_is_the_share_of_common_ones) {
  EXPECT_DOUBLE_EQ(text_similarity("a b c", "b c d", Similarity::jaccard), 0.5);
  EXPECT_DOUBLE_EQ(text_similarity("b a a", "a, b", Similarity::jaccard), 1.0);
  EXPECT_DOUBLE_EQ(text_similarity("a b", "c d", Similarity::jaccard), 0.0);
  EXPECT_DOUBLE_EQ(text_similarity("...", "!", Similarity::jaccard), 0.0);
}

TEST(TextSimilarity, of_edits_is_one_minus_distance_over_the_longer_in_characters) {
  EXPECT_DOUBLE_EQ(text_similarity("kitten", "sitting", Similarity::levenshtein), 1.0 - 3.0 / 7.0);
  EXPECT_DOUBLE_EQ(text_similarity("\u4e2d\u6587", "\u4e2d\u570b", Similarity::levenshtein), 0.5);
}

TEST(TextSimilarity, by_cosine_follows_its_definition) {
  // Words a b | a c: idf(a) = 1, idf(b) = idf(c) = ln(3/2) + 1. n-grams of " x y ": 3 + 2 + 1, of which " a " is shared.
  const double rare = std::log(1.5) + 1.0;
  const double words = 1.0 / (1.0 + rare * rare);
  const double ngrams = 1.0 / (1.0 + 5.0 * rare * rare);
  EXPECT_NEAR(text_similarity("a b", "a c", Similarity::cosine), (words + ngrams) / 2.0, 1e-12);
}

TEST(TextSimilarity, by_cosine_ranks_a_paraphrase_above_another_subject) {
  const std::string down = "The database refused connections from 10:02 on";
  EXPECT_GT(text_similarity(down, "From 10:02 on the database was refusing connections", Similarity::cosine),
            text_similarity(down, "Disk usage on the web server is normal", Similarity::cosine) + 0.2);
}

TEST(SimilarityMatrix, is_symmetric_with_unit_diagonal_and_in_range_for_odd_texts) {
  const auto texts = odd_texts();
  for (const Similarity algorithm : all) {
    const auto matrix = similarity_matrix(texts, config(algorithm));
    ASSERT_EQ(matrix.rows(), static_cast<Eigen::Index>(texts.size()));
    EXPECT_EQ(matrix, matrix.transpose());
    EXPECT_TRUE((matrix.diagonal().array() == 1.0).all());
    EXPECT_TRUE((matrix.array() >= 0.0).all() && (matrix.array() <= 1.0).all());
  }
}

TEST(SimilarityMatrix, of_cosines_is_positive_semidefinite) {
  const auto matrix = similarity_matrix(odd_texts(), config(Similarity::cosine));
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(matrix, Eigen::EigenvaluesOnly);
  EXPECT_GT(solver.eigenvalues().minCoeff(), -1e-9);
}

TEST(SimilarityMatrix, is_the_same_bits_for_any_number_of_threads) {
  const auto texts = odd_texts();
  for (const Similarity algorithm : all) {
    const auto alone = similarity_matrix(texts, config(algorithm, 1));
    for (const int threads : {0, 2, 7}) EXPECT_EQ(similarity_matrix(texts, config(algorithm, threads)), alone) << threads;
  }
}

TEST(SimilarityMatrix, is_permuted_with_its_texts_bit_by_bit) {
  const auto texts = odd_texts();
  std::vector<std::size_t> order(texts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::shuffle(order.begin(), order.end(), std::mt19937(3));
  std::vector<std::string> shuffled;
  for (const std::size_t i : order) shuffled.push_back(texts[i]);
  for (const Similarity algorithm : all) {
    const auto straight = similarity_matrix(texts, config(algorithm));
    const auto permuted = similarity_matrix(shuffled, config(algorithm));
    for (std::size_t i = 0; i < order.size(); ++i) {
      for (std::size_t j = 0; j < order.size(); ++j) {
        ASSERT_EQ(permuted(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)),
                  straight(static_cast<Eigen::Index>(order[i]), static_cast<Eigen::Index>(order[j])));
      }
    }
  }
}

TEST(SimilarityMatrix, of_none_one_and_two_texts) {
  for (const Similarity algorithm : all) {
    EXPECT_EQ(similarity_matrix({}, config(algorithm)).size(), 0);
    const std::vector<std::string> one{"x"};
    EXPECT_EQ(similarity_matrix(one, config(algorithm))(0, 0), 1.0);
    const std::vector<std::string> two{"a b", "b c"};
    EXPECT_EQ(similarity_matrix(two, config(algorithm))(0, 1), text_similarity("a b", "b c", algorithm));
  }
}

TEST(SimilarityMatrix, of_ten_megabyte_texts_ends_and_sees_their_beginnings) {
  std::string noise;
  std::mt19937 random(1);
  while (noise.size() < 10'000'000) noise += " abcdefghijklmnopqrstuvwxyz"[random() % 27];
  const std::vector<std::string> texts{noise, std::string(10'000'000, '\0'), "short", "b" + noise};
  for (const Similarity algorithm : all) {
    const auto matrix = similarity_matrix(texts, config(algorithm));
    EXPECT_LT(matrix(0, 2), 0.1);
    EXPECT_GT(matrix(0, 3), 0.9);
  }
}

}  // namespace
}  // namespace conclave::consensus
