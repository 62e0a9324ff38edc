// Rows are brought to unit length once; then every pair of tiles of the upper triangle is one task, whose rows stay in the
// second-level cache, and writes its mirror image too. That is half the work of a full matrix product.

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "engine/base/parallel.h"
#include "engine/vectors/kernels.h"
#include "engine/vectors/similarity.h"

namespace conclave::vectors {
namespace {

constexpr std::size_t tile = 60;  // rows; a multiple of the kernels' heights and widths

template <class T>
class UnitRows {
 public:
  explicit UnitRows(const MatrixView<T>& rows)
      : columns_((rows.columns + row_multiple - 1) / row_multiple * row_multiple), data_(rows.rows * columns_) {
    parallel_for(rows.rows, [&](std::size_t i) { normalize(rows.row(i), data_.data() + i * columns_); });
  }
  [[nodiscard]] const T* row(std::size_t i) const { return data_.data() + i * columns_; }
  [[nodiscard]] std::size_t columns() const { return columns_; }

 private:
  std::size_t columns_;
  std::vector<T> data_;
};

// The tile pair (i, j), i <= j, of the number that counts the upper triangle column by column.
std::pair<std::size_t, std::size_t> tile_pair(std::size_t number) {
  auto j = static_cast<std::size_t>((std::sqrt(8.0 * static_cast<double>(number) + 1.0) - 1.0) / 2.0);
  while (j * (j + 1) / 2 > number) --j;
  while ((j + 1) * (j + 2) / 2 <= number) ++j;
  return {number - j * (j + 1) / 2, j};
}

template <class T>
void fill_tiles(const UnitRows<T>& rows, std::size_t n, std::size_t i, std::size_t j, T* out) {
  const std::size_t from_i = i * tile;
  const std::size_t from_j = j * tile;
  const std::size_t end_i = std::min(n, from_i + tile);
  const std::size_t end_j = std::min(n, from_j + tile);
  dot_products(rows.row(from_i), end_i - from_i, rows.row(from_j), end_j - from_j, rows.columns(), out + from_i * n + from_j, n);
  for (std::size_t a = from_i; a < end_i; ++a) {
    for (std::size_t b = from_j; b < end_j; ++b) out[a * n + b] = std::clamp(out[a * n + b], T{-1}, T{1});
  }
  if (i == j) {
    for (std::size_t a = from_i; a < end_i; ++a) {
      T& diagonal = out[a * n + a];
      if (diagonal != T{0} && !std::isnan(diagonal)) diagonal = T{1};
    }
  }
  for (std::size_t b = from_j; b < end_j; ++b) {
    for (std::size_t a = from_i; a < std::min(b, end_i); ++a) out[b * n + a] = out[a * n + b];
  }
}

}  // namespace

template <class T>
Result<Matrix<T>> cosine_matrix(MatrixView<T> rows, Job& job) {
  const std::size_t n = rows.rows;
  if (n > 0 && rows.columns == 0) return fail(ErrorKind::invalid_argument, "the vectors are empty");
  if (n > 0 && n > std::numeric_limits<std::size_t>::max() / sizeof(T) / n) {
    return fail(ErrorKind::limit, "a matrix of " + std::to_string(n) + " x " + std::to_string(n) + " does not fit in memory");
  }
  Matrix<T> matrix{std::make_shared_for_overwrite<T[]>(n * n), n, n};
  const UnitRows<T> units(rows);
  const std::size_t tiles = (n + tile - 1) / tile;
  const std::size_t pairs = tiles * (tiles + 1) / 2;
  job.begin("comparing rows", pairs, "tiles");
  parallel_for(pairs, [&](std::size_t number) {
    if (job.stopped()) return;
    const auto [i, j] = tile_pair(number);
    fill_tiles(units, n, i, j, matrix.data.get());
    job.advance();
  });
  if (job.stopped()) return fail_cancelled();
  return matrix;
}

template Result<Matrix<float>> cosine_matrix(MatrixView<float>, Job&);
template Result<Matrix<double>> cosine_matrix(MatrixView<double>, Job&);

}  // namespace conclave::vectors
