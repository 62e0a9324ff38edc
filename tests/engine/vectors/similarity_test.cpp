#include "engine/vectors/similarity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace conclave::vectors {
namespace {

template <class T>
VectorView<T> view(const std::vector<T>& values) {
  return {values.data(), values.size(), 1};
}

// Plain sums in long double.
template <class T>
double reference_cosine(const std::vector<T>& a, const std::vector<T>& b) {
  long double dot = 0;
  long double aa = 0;
  long double bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    dot += static_cast<long double>(a[i]) * b[i];
    aa += static_cast<long double>(a[i]) * a[i];
    bb += static_cast<long double>(b[i]) * b[i];
  }
  return static_cast<double>(dot / (std::sqrt(aa) * std::sqrt(bb)));
}

template <class T>
std::vector<T> random_vector(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<T> number(-1, 1);
  std::vector<T> out(size);
  for (T& value : out) value = number(random);
  return out;
}

template <class T>
class Cosine : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Cosine, Types);

TYPED_TEST(Cosine, of_vectors_everybody_knows) {
  using V = std::vector<TypeParam>;
  EXPECT_DOUBLE_EQ(*cosine_similarity(view(V{1, 0}), view(V{0, 1})), 0.0);
  EXPECT_DOUBLE_EQ(*cosine_similarity(view(V{1, 2}), view(V{2, 4})), 1.0);
  EXPECT_DOUBLE_EQ(*cosine_similarity(view(V{1, 2}), view(V{-1, -2})), -1.0);
  EXPECT_DOUBLE_EQ(*cosine_similarity(view(V{3, 4}), view(V{4, 3})), 24.0 / 25.0);
  EXPECT_DOUBLE_EQ(*cosine_similarity(view(V{5}), view(V{7})), 1.0);
}

TYPED_TEST(Cosine, agrees_with_plain_sums_at_every_size_around_a_block) {
  for (const std::size_t size : {1U, 2U, 3U, 7U, 255U, 256U, 257U, 511U, 512U, 513U, 10'000U}) {
    const auto a = random_vector<TypeParam>(size, 1);
    const auto b = random_vector<TypeParam>(size, 2);
    const double tolerance = sizeof(TypeParam) == 4 ? 1e-8 : 1e-12;
    EXPECT_NEAR(*cosine_similarity(view(a), view(b)), reference_cosine(a, b), tolerance) << size;
  }
}

TYPED_TEST(Cosine, is_zero_if_a_vector_is_all_zeros) {
  const std::vector<TypeParam> zeros(300, 0);
  EXPECT_EQ(*cosine_similarity(view(zeros), view(random_vector<TypeParam>(300, 1))), 0.0);
  EXPECT_EQ(*cosine_similarity(view(zeros), view(zeros)), 0.0);
}

TYPED_TEST(Cosine, is_nan_if_any_element_is_nan_or_infinite) {
  for (const TypeParam bad : {std::numeric_limits<TypeParam>::quiet_NaN(), std::numeric_limits<TypeParam>::infinity()}) {
    for (const std::size_t place : {0U, 299U}) {
      auto a = random_vector<TypeParam>(300, 1);
      a[place] = bad;
      const auto b = random_vector<TypeParam>(300, 2);
      EXPECT_TRUE(std::isnan(*cosine_similarity(view(a), view(b))));
      EXPECT_TRUE(std::isnan(*cosine_similarity(view(b), view(a))));
      EXPECT_TRUE(std::isnan(*cosine_similarity(view(a), view(std::vector<TypeParam>(300, 0)))));
    }
  }
}

TYPED_TEST(Cosine, neither_overflows_nor_underflows) {
  const TypeParam large = std::numeric_limits<TypeParam>::max() / 2;
  const TypeParam small = std::numeric_limits<TypeParam>::denorm_min() * 4;
  const std::vector<TypeParam> a{3, 4};
  const std::vector<TypeParam> huge{large, large};
  const std::vector<TypeParam> tiny{small, small};
  const double expected = 7.0 / (5.0 * std::sqrt(2.0));
  EXPECT_NEAR(*cosine_similarity(view(a), view(huge)), expected, 1e-12);
  EXPECT_NEAR(*cosine_similarity(view(a), view(tiny)), expected, 1e-12);
  EXPECT_NEAR(*cosine_similarity(view(huge), view(tiny)), 1.0, 1e-12);
}

TYPED_TEST(Cosine, never_leaves_its_range_by_rounding) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const auto a = random_vector<TypeParam>(97, seed);
    const double same = *cosine_similarity(view(a), view(a));
    EXPECT_LE(same, 1.0);
    EXPECT_NEAR(same, 1.0, 1e-12);
  }
}

TYPED_TEST(Cosine, refuses_empty_and_unequal_vectors) {
  const std::vector<TypeParam> none;
  const std::vector<TypeParam> two{1, 2};
  const std::vector<TypeParam> three{1, 2, 3};
  for (const auto& result : {cosine_similarity(view(none), view(none)), cosine_similarity(view(two), view(three)),
                             cosine_similarity(view(none), view(two))}) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::invalid_argument);
  }
  EXPECT_NE(cosine_similarity(view(two), view(three)).error().message.find("2 and 3"), std::string::npos);
}

TYPED_TEST(Cosine, reads_strided_and_reversed_vectors) {
  const auto data = random_vector<TypeParam>(900, 4);
  std::vector<TypeParam> third;
  std::vector<TypeParam> reversed;
  for (std::size_t i = 0; i < 300; ++i) {
    third.push_back(data[3 * i]);
    reversed.push_back(data[899 - i]);
  }
  const VectorView<TypeParam> every_third{data.data(), 300, 3};
  const VectorView<TypeParam> backwards{data.data() + 899, 300, -1};
  EXPECT_DOUBLE_EQ(*cosine_similarity(every_third, backwards), *cosine_similarity(view(third), view(reversed)));
  const VectorView<TypeParam> constant{data.data(), 300, 0};
  EXPECT_DOUBLE_EQ(*cosine_similarity(constant, constant), 1.0);
}

TYPED_TEST(Cosine, of_a_batch_is_that_of_each_row_in_any_layout) {
  constexpr std::size_t rows = 700;
  constexpr std::size_t columns = 70;
  const auto data = random_vector<TypeParam>(rows * columns, 8);
  const auto reference = random_vector<TypeParam>(columns, 9);
  const MatrixView<TypeParam> by_rows{data.data(), rows, columns, columns, 1};
  const MatrixView<TypeParam> by_columns{data.data(), rows, columns, 1, rows};
  const auto straight = *cosine_similarities(by_rows, view(reference));
  const auto transposed = *cosine_similarities(by_columns, view(reference));
  ASSERT_EQ(straight.size(), rows);
  for (std::size_t i = 0; i < rows; ++i) {
    EXPECT_EQ(straight[i], *cosine_similarity(VectorView<TypeParam>{data.data() + i * columns, columns, 1}, view(reference)));
    EXPECT_EQ(transposed[i], *cosine_similarity(VectorView<TypeParam>{data.data() + i, columns, rows}, view(reference)));
  }
}

TYPED_TEST(Cosine, of_a_batch_checks_its_shape) {
  const std::vector<TypeParam> values{1, 2, 3, 4};
  EXPECT_TRUE(
      cosine_similarities(MatrixView<TypeParam>{values.data(), 0, 2, 2, 1}, VectorView<TypeParam>{values.data(), 2, 1})->empty());
  EXPECT_FALSE(cosine_similarities(MatrixView<TypeParam>{values.data(), 2, 2, 2, 1}, VectorView<TypeParam>{values.data(), 3, 1}));
  EXPECT_FALSE(cosine_similarities(MatrixView<TypeParam>{values.data(), 4, 0, 1, 1}, VectorView<TypeParam>{values.data(), 0, 1}));
}

}  // namespace
}  // namespace conclave::vectors
