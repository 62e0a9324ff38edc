// Cosine similarity over float arrays that someone else owns. float32 and float64, strided rows.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"

namespace conclave::vectors {

// Borrowed, read-only, never copied. Strides are in elements and may be negative (data is then the first element, not the
// lowest).
template <class T>
struct VectorView {
  const T* data = nullptr;
  std::size_t size = 0;
  std::ptrdiff_t stride = 1;
};

template <class T>
struct MatrixView {
  const T* data = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::ptrdiff_t row_stride = 0;
  std::ptrdiff_t column_stride = 1;

  [[nodiscard]] VectorView<T> row(std::size_t i) const {
    return {data + static_cast<std::ptrdiff_t>(i) * row_stride, columns, column_stride};
  }
};

// Rows one after the other, columns * sizeof(T) bytes apart.
template <class T>
struct Matrix {
  std::shared_ptr<T[]> data;
  std::size_t rows = 0;
  std::size_t columns = 0;
};

// In [-1, 1], to the precision of T, for all finite elements however large or small; 0 if either vector is all zeros; NaN if any
// element is NaN or infinite. Different or zero sizes: ErrorKind::invalid_argument. T is float or double. Large vectors are
// worked on in parallel (oneTBB), with the same bits for any number of threads.
template <class T>
[[nodiscard]] Result<double> cosine_similarity(VectorView<T> a, VectorView<T> b);

// Each row against `reference`; parallel over rows, the same bits for any number of threads. One value per row; none for no rows.
template <class T>
[[nodiscard]] Result<std::vector<double>> cosine_similarities(MatrixView<T> rows, VectorView<T> reference);

// The mean of each column, to be the reference of its own rows.
template <class T>
[[nodiscard]] std::vector<T> mean_row(MatrixView<T> rows);

// n x n, each row with each, symmetric; 1 on the diagonal (0 for rows of zeros, NaN for rows with NaN or infinity). Computed and
// returned in T. Rows without columns: invalid_argument; a result that cannot be addressed: limit. May throw std::bad_alloc.
template <class T>
[[nodiscard]] Result<Matrix<T>> cosine_matrix(MatrixView<T> rows, Job& job);

// Euclidean length, without overflow; NaN if any element is NaN, 0 for no elements.
template <class T>
[[nodiscard]] double norm(VectorView<T> vector);

// Writes the vector at length 1 to `out`, as many elements; zeros stay zeros, and with NaN or infinity in it all is NaN.
template <class T>
void normalize(VectorView<T> vector, T* out);

}  // namespace conclave::vectors
