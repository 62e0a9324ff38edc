// Cosine similarity over float arrays that someone else owns. float32 and float64, strided rows.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/base/error.h"

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
};

// In [-1, 1], accumulated in double, for all finite elements however large or small; 0 if either vector is all zeros; NaN if any
// element is NaN or infinite. Different or zero sizes: ErrorKind::invalid_argument. T is float or double.
template <class T>
[[nodiscard]] Result<double> cosine_similarity(VectorView<T> a, VectorView<T> b);

// Each row against `reference`; parallel over rows (oneTBB), the same bits for any number of threads. One value per row; none for
// no rows.
template <class T>
[[nodiscard]] Result<std::vector<double>> cosine_similarities(MatrixView<T> rows, VectorView<T> reference);

}  // namespace conclave::vectors
