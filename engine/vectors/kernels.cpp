// Written once with GCC's vectors of 16, 32 or 64 bytes, and compiled for three instruction sets: the compiler splits nothing
// and spills nothing when the width is the machine's own. Floats are multiplied and summed as floats in runs of 16 per lane, and
// the sums of runs in double: twice as fast as in double throughout, and good for seven digits whatever the length.
#include "engine/vectors/kernels.h"

#include <algorithm>

namespace conclave::vectors {
namespace {

template <class T, int bytes>
struct Vector {
  using Type [[gnu::vector_size(bytes), gnu::may_alias, gnu::aligned(alignof(T))]] = T;
};

#define INLINE [[gnu::always_inline]] inline

// Halves are added until a register of 16 bytes is left.
template <int bytes, class T>
INLINE T sum_of(const typename Vector<T, bytes>::Type& vector) {
  if constexpr (bytes > 16) {
    using Half = typename Vector<T, bytes / 2>::Type;
    const auto* const halves = reinterpret_cast<const Half*>(&vector);
    return sum_of<bytes / 2, T>(halves[0] + halves[1]);
  } else if constexpr (sizeof(T) == 8) {
    return vector[0] + vector[1];
  } else {
    return (vector[0] + vector[2]) + (vector[1] + vector[3]);
  }
}

template <int bytes>
INLINE double sum_of_floats(const typename Vector<float, bytes>::Type& vector) {
  using Half = typename Vector<float, bytes / 2>::Type;
  using Wide = typename Vector<double, bytes>::Type;
  const auto* const halves = reinterpret_cast<const Half*>(&vector);
  return sum_of<bytes, double>(__builtin_convertvector(halves[0], Wide) + __builtin_convertvector(halves[1], Wide));
}

template <class T>
INLINE void add_rest(const T* a, const T* b, std::size_t from, std::size_t size, Sums& sums) {
  for (std::size_t i = from; i < size; ++i) {
    const auto x = static_cast<double>(a[i]);
    const auto y = static_cast<double>(b[i]);
    sums.dot += x * y;
    sums.a += x * x;
    sums.b += y * y;
  }
}

// `count` steps of `chains` vectors each, whose sums do not wait for each other.
template <int bytes, std::size_t chains, class T>
INLINE void add_steps(const T* a, const T* b, std::size_t count, typename Vector<T, bytes>::Type (&sums)[3]) {
  using Lane = typename Vector<T, bytes>::Type;
  constexpr std::size_t lanes = bytes / sizeof(T);
  Lane dot[chains] = {};
  Lane aa[chains] = {};
  Lane bb[chains] = {};
  for (std::size_t step = 0; step < count; ++step) {
    for (std::size_t c = 0; c < chains; ++c, a += lanes, b += lanes) {
      const Lane x = *reinterpret_cast<const Lane*>(a);
      const Lane y = *reinterpret_cast<const Lane*>(b);
      dot[c] += x * y;
      aa[c] += x * x;
      bb[c] += y * y;
    }
  }
  sums[0] = dot[0];
  sums[1] = aa[0];
  sums[2] = bb[0];
  for (std::size_t c = 1; c < chains; ++c) {
    sums[0] += dot[c];
    sums[1] += aa[c];
    sums[2] += bb[c];
  }
}

template <int bytes>
INLINE void products_body(const double* a, const double* b, std::size_t size, Sums& sums) {
  constexpr std::size_t chains = 4;
  constexpr std::size_t step = chains * bytes / sizeof(double);
  typename Vector<double, bytes>::Type found[3] = {};
  add_steps<bytes, chains>(a, b, size / step, found);
  sums = {sum_of<bytes, double>(found[0]), sum_of<bytes, double>(found[1]), sum_of<bytes, double>(found[2])};
  add_rest(a, b, size / step * step, size, sums);
}

// Runs of `run` numbers in float, whose sums go on in double.
template <int bytes>
INLINE void products_body(const float* a, const float* b, std::size_t size, Sums& sums) {
  constexpr std::size_t chains = 4;
  constexpr std::size_t run = 16;
  constexpr std::size_t step = chains * bytes / sizeof(float);
  sums = {};
  std::size_t at = 0;
  while (size - at >= step) {
    const std::size_t count = std::min(run, (size - at) / step);
    typename Vector<float, bytes>::Type found[3] = {};
    add_steps<bytes, chains>(a + at, b + at, count, found);
    sums.dot += sum_of_floats<bytes>(found[0]);
    sums.a += sum_of_floats<bytes>(found[1]);
    sums.b += sum_of_floats<bytes>(found[2]);
    at += count * step;
  }
  add_rest(a, b, at, size, sums);
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
    for (std::size_t j = 0; j < width; ++j) out[i * out_stride + j] = sum_of<bytes, T>(sums[i][j]);
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

// Single features and not levels as "x86-64-v3", which Debian's clang does not know.
Instructions widest() {
  static const Instructions found = [] {
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return Instructions::sse2;
    const bool has512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    return has512 ? Instructions::avx512 : Instructions::avx2;
  }();
  return found;
}

#define AVX2 [[gnu::target("avx2,fma")]]
#define AVX512 [[gnu::target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl,prefer-vector-width=512")]]

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
