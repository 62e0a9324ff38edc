// Written once with GCC's vectors of 16, 32 or 64 bytes, and compiled for three instruction sets: the compiler splits nothing
// and spills nothing when the width is the machine's own. Products of floats are exact in double, so that the sums differ between
// machines only by the order of their terms.
#include "engine/vectors/kernels.h"

#include <algorithm>
#include <cstring>

namespace conclave::vectors {
namespace {

template <class T, int bytes>
struct Vector {
  using Type [[gnu::vector_size(bytes), gnu::may_alias, gnu::aligned(alignof(T))]] = T;
};

#define INLINE [[gnu::always_inline]] inline

template <int bytes, class T>
INLINE double sum_of(const typename Vector<T, bytes>::Type& vector) {
  double sum = 0.0;
  for (std::size_t i = 0; i < bytes / sizeof(T); ++i) sum += static_cast<double>(vector[i]);
  return sum;
}

template <int bytes, class T>
INLINE void products_body(const T* a, const T* b, std::size_t size, Sums& sums) {
  constexpr std::size_t lanes = bytes / sizeof(double);
  constexpr std::size_t chains = 4;  // sums that do not wait for each other
  using Wide = typename Vector<double, bytes>::Type;
  using Narrow = typename Vector<T, static_cast<int>(lanes * sizeof(T))>::Type;
  Wide dot[chains] = {};
  Wide aa[chains] = {};
  Wide bb[chains] = {};
  std::size_t at = 0;
  for (; at + chains * lanes <= size; at += chains * lanes) {
    for (std::size_t c = 0; c < chains; ++c) {
      const Wide x = __builtin_convertvector(*reinterpret_cast<const Narrow*>(a + at + c * lanes), Wide);
      const Wide y = __builtin_convertvector(*reinterpret_cast<const Narrow*>(b + at + c * lanes), Wide);
      dot[c] += x * y;
      aa[c] += x * x;
      bb[c] += y * y;
    }
  }
  sums = {sum_of<bytes, double>((dot[0] + dot[1]) + (dot[2] + dot[3])), sum_of<bytes, double>((aa[0] + aa[1]) + (aa[2] + aa[3])),
          sum_of<bytes, double>((bb[0] + bb[1]) + (bb[2] + bb[3]))};
  for (; at < size; ++at) {
    const auto x = static_cast<double>(a[at]);
    const auto y = static_cast<double>(b[at]);
    sums.dot += x * y;
    sums.a += x * x;
    sums.b += y * y;
  }
}

// `height` rows against `width` rows at once: each number that is loaded is used several times.
template <int bytes, std::size_t height, std::size_t width, class T>
INLINE void dot_block(const T* a, const T* b, std::size_t columns, T* out, std::size_t out_stride) {
  using Row = typename Vector<T, bytes>::Type;
  Row sums[height][width] = {};
  for (std::size_t at = 0; at < columns; at += bytes / sizeof(T)) {
    Row right[width];
    for (std::size_t j = 0; j < width; ++j) right[j] = *reinterpret_cast<const Row*>(b + j * columns + at);
    for (std::size_t i = 0; i < height; ++i) {
      const Row left = *reinterpret_cast<const Row*>(a + i * columns + at);
      for (std::size_t j = 0; j < width; ++j) sums[i][j] += left * right[j];
    }
  }
  for (std::size_t i = 0; i < height; ++i) {
    for (std::size_t j = 0; j < width; ++j) out[i * out_stride + j] = static_cast<T>(sum_of<bytes, T>(sums[i][j]));
  }
}

template <int bytes, std::size_t height, std::size_t width, class T>
INLINE void dot_products_body(const T* a, std::size_t count_a, const T* b, std::size_t count_b, std::size_t columns, T* out,
                              std::size_t out_stride) {
  std::size_t i = 0;
  for (; i + height <= count_a; i += height) {
    std::size_t j = 0;
    for (; j + width <= count_b; j += width) {
      dot_block<bytes, height, width>(a + i * columns, b + j * columns, columns, out + i * out_stride + j, out_stride);
    }
    for (; j < count_b; ++j) {
      dot_block<bytes, height, 1>(a + i * columns, b + j * columns, columns, out + i * out_stride + j, out_stride);
    }
  }
  for (; i < count_a; ++i) {
    for (std::size_t j = 0; j < count_b; ++j) {
      dot_block<bytes, 1, 1>(a + i * columns, b + j * columns, columns, out + i * out_stride + j, out_stride);
    }
  }
}

enum class Instructions { sse2, avx2, avx512 };

Instructions widest() {
  static const Instructions found = __builtin_cpu_supports("x86-64-v4")   ? Instructions::avx512
                                    : __builtin_cpu_supports("x86-64-v3") ? Instructions::avx2
                                                                          : Instructions::sse2;
  return found;
}

#define AVX2 [[gnu::target("arch=x86-64-v3")]]
#define AVX512 [[gnu::target("arch=x86-64-v4,prefer-vector-width=512")]]

template <class T>
AVX512 void products_avx512(const T* a, const T* b, std::size_t size, Sums& sums) {
  products_body<64>(a, b, size, sums);
}
template <class T>
AVX2 void products_avx2(const T* a, const T* b, std::size_t size, Sums& sums) {
  products_body<32>(a, b, size, sums);
}

template <class T>
AVX512 void dots_avx512(const T* a, std::size_t count_a, const T* b, std::size_t count_b, std::size_t columns, T* out,
                        std::size_t out_stride) {
  dot_products_body<64, 5, 4>(a, count_a, b, count_b, columns, out, out_stride);
}
template <class T>
AVX2 void dots_avx2(const T* a, std::size_t count_a, const T* b, std::size_t count_b, std::size_t columns, T* out,
                    std::size_t out_stride) {
  dot_products_body<32, 4, 3>(a, count_a, b, count_b, columns, out, out_stride);
}

}  // namespace

template <class T>
Sums products(const T* a, const T* b, std::size_t size) {
  Sums sums;
  switch (widest()) {
    case Instructions::avx512:
      products_avx512(a, b, size, sums);
      break;
    case Instructions::avx2:
      products_avx2(a, b, size, sums);
      break;
    case Instructions::sse2:
      products_body<16>(a, b, size, sums);
      break;
  }
  return sums;
}

template <class T>
void dot_products(const T* rows_a, std::size_t count_a, const T* rows_b, std::size_t count_b, std::size_t columns, T* out,
                  std::size_t out_stride) {
  switch (widest()) {
    case Instructions::avx512:
      return dots_avx512(rows_a, count_a, rows_b, count_b, columns, out, out_stride);
    case Instructions::avx2:
      return dots_avx2(rows_a, count_a, rows_b, count_b, columns, out, out_stride);
    case Instructions::sse2:
      return dot_products_body<16, 4, 3>(rows_a, count_a, rows_b, count_b, columns, out, out_stride);
  }
}

template Sums products(const float*, const float*, std::size_t);
template Sums products(const double*, const double*, std::size_t);
template void dot_products(const float*, std::size_t, const float*, std::size_t, std::size_t, float*, std::size_t);
template void dot_products(const double*, std::size_t, const double*, std::size_t, std::size_t, double*, std::size_t);

}  // namespace conclave::vectors
