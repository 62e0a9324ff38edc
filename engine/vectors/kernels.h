// Inner loops over contiguous numbers, with the widest instructions of this machine. Internal to the room.
#pragma once

#include <cstddef>

namespace conclave::vectors {

struct Sums {
  double dot = 0.0;
  double a = 0.0;  // squared lengths
  double b = 0.0;
};

// Sums over many elements are in double. T is float or double; products of floats that float cannot hold are infinite or 0.
template <class T>
[[nodiscard]] Sums products(const T* a, const T* b, std::size_t size);

// out[i * out_stride + j] = dot product of rows i and j, in T; rows are `columns` apart and `columns` is a multiple of
// row_multiple, which padding with zeros makes it.
inline constexpr std::size_t row_multiple = 16;
template <class T>
void dot_products(const T* rows_a, std::size_t count_a, const T* rows_b, std::size_t count_b, std::size_t columns, T* out,
                  std::size_t out_stride);

}  // namespace conclave::vectors
