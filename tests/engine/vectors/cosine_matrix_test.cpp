#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "engine/vectors/similarity.h"

namespace conclave::vectors {
namespace {

template <class T>
std::vector<T> numbers(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<T> number(-1, 1);
  std::vector<T> out(count);
  for (T& value : out) value = number(random);
  return out;
}

template <class T>
MatrixView<T> view(const std::vector<T>& values, std::size_t columns) {
  return {values.data(), values.size() / columns, columns, static_cast<std::ptrdiff_t>(columns), 1};
}

template <class T>
class CosineMatrix : public testing::Test {
 protected:
  Matrix<T> of(const MatrixView<T>& rows) {
    auto matrix = cosine_matrix(rows, job_);
    EXPECT_TRUE(matrix);
    return *matrix;
  }
  Job job_;
};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(CosineMatrix, Types);

TYPED_TEST(CosineMatrix, holds_the_cosine_of_every_pair_for_every_shape) {
  using T = TypeParam;
  for (const std::size_t rows : {1U, 2U, 3U, 5U, 59U, 60U, 61U, 123U, 185U}) {
    for (const std::size_t columns : {1U, 3U, 16U, 17U, 100U}) {
      const auto data = numbers<T>(rows * columns, static_cast<unsigned>(rows + columns));
      const auto matrix = this->of(view(data, columns));
      ASSERT_EQ(matrix.rows, rows);
      ASSERT_EQ(matrix.columns, rows);
      for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < rows; ++j) {
          const double expected = *cosine_similarity(view(data, columns).row(i), view(data, columns).row(j));
          ASSERT_NEAR(matrix.data[i * rows + j], expected, 64 * std::numeric_limits<T>::epsilon()) << i << " " << j;
        }
        ASSERT_EQ(matrix.data[i * rows + i], T{1});
      }
    }
  }
}

TYPED_TEST(CosineMatrix, takes_strided_rows) {
  using T = TypeParam;
  const auto data = numbers<T>(10 * 7, 1);
  const MatrixView<T> transposed{data.data(), 7, 10, 1, 7};
  const auto matrix = this->of(transposed);
  EXPECT_NEAR(matrix.data[2 * 7 + 5], *cosine_similarity(transposed.row(2), transposed.row(5)),
              16 * std::numeric_limits<T>::epsilon());
}

TYPED_TEST(CosineMatrix, is_zero_for_rows_of_zeros_and_nan_for_rows_that_are_no_numbers) {
  using T = TypeParam;
  constexpr T inf = std::numeric_limits<T>::infinity();
  const std::vector<T> data = {1, 2, 0, 0, inf, 1, std::numeric_limits<T>::quiet_NaN(), 1};
  const auto matrix = this->of(view(data, 2));
  EXPECT_EQ(matrix.data[0], T{1});
  EXPECT_EQ(matrix.data[1], T{0});
  EXPECT_EQ(matrix.data[1 * 4 + 1], T{0});
  for (const std::size_t at : {2U, 3U, 4U * 2 + 0, 4U * 2 + 2, 4U * 3 + 3}) EXPECT_TRUE(std::isnan(matrix.data[at])) << at;
}

TYPED_TEST(CosineMatrix, loses_neither_tiny_nor_huge_rows) {
  using T = TypeParam;
  const T huge = std::numeric_limits<T>::max() / 2;
  const T tiny = std::numeric_limits<T>::denorm_min() * 3;
  const std::vector<T> data = {huge, huge, tiny, tiny, huge, 0};
  const auto matrix = this->of(view(data, 2));
  EXPECT_NEAR(matrix.data[1], 1.0, 1e-6);
  EXPECT_NEAR(matrix.data[2], std::sqrt(0.5), 1e-6);
}

TYPED_TEST(CosineMatrix, has_no_rows_for_no_rows_and_refuses_rows_without_columns) {
  using T = TypeParam;
  EXPECT_EQ(this->of(MatrixView<T>{nullptr, 0, 3, 3, 1}).rows, 0U);
  Job job;
  EXPECT_EQ(cosine_matrix(MatrixView<T>{nullptr, 2, 0, 0, 1}, job).error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(cosine_matrix(MatrixView<T>{nullptr, std::size_t{1} << 60U, 1, 1, 1}, job).error().kind, ErrorKind::limit);
  job.request_stop();
  const auto data = numbers<T>(12, 1);
  EXPECT_EQ(cosine_matrix(view(data, 3), job).error().kind, ErrorKind::cancelled);
}

TYPED_TEST(CosineMatrix, knows_lengths_without_overflow) {
  using T = TypeParam;
  const auto length = [](std::vector<T> values) { return norm(VectorView<T>{values.data(), values.size(), 1}); };
  EXPECT_DOUBLE_EQ(length({3, 4}), 5.0);
  EXPECT_EQ(length({}), 0.0);
  EXPECT_EQ(length({0, 0}), 0.0);
  const T huge = std::numeric_limits<T>::max();
  EXPECT_NEAR(length({huge, 0}) / static_cast<double>(huge), 1.0, 1e-12);
  const T tiny = std::numeric_limits<T>::denorm_min();
  EXPECT_EQ(length({0, tiny}), static_cast<double>(tiny));
  EXPECT_TRUE(std::isinf(length({1, -std::numeric_limits<T>::infinity()})));
  EXPECT_TRUE(std::isnan(length({1, std::numeric_limits<T>::quiet_NaN()})));
}

TYPED_TEST(CosineMatrix, brings_vectors_to_length_one) {
  using T = TypeParam;
  const auto unit = [](std::vector<T> values) {
    std::vector<T> out(values.size());
    normalize(VectorView<T>{values.data(), values.size(), 1}, out.data());
    return out;
  };
  EXPECT_NEAR(unit({3, 4})[0], 0.6, 1e-6);
  EXPECT_NEAR(unit({3, 4})[1], 0.8, 1e-6);
  EXPECT_EQ(unit({0, 0}), (std::vector<T>{0, 0}));
  EXPECT_EQ(unit({}), std::vector<T>{});
  const T tiny = std::numeric_limits<T>::denorm_min();
  EXPECT_EQ(unit({tiny, 0}), (std::vector<T>{1, 0}));
  EXPECT_NEAR(unit({std::numeric_limits<T>::max(), 0})[0], 1.0, 1e-6);
  EXPECT_TRUE(std::isnan(unit({1, std::numeric_limits<T>::infinity()})[0]));
  const std::vector<T> strided = {3, 9, 4, 9};
  std::vector<T> out(2);
  normalize(VectorView<T>{strided.data() + 2, 2, -2}, out.data());
  EXPECT_NEAR(out[0], 0.8, 1e-6);
  EXPECT_NEAR(out[1], 0.6, 1e-6);
}

}  // namespace
}  // namespace conclave::vectors
