// One pass per pair: dot product and both squared lengths. Numbers near the end of their type's range are scaled by a power of
// two and tried again in double, so that only NaN and infinity give NaN. Sums run over pieces of a fixed size and are added in
// order: the result does not depend on the number of threads.
#include "engine/vectors/similarity.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "engine/base/parallel.h"
#include "engine/vectors/kernels.h"

namespace conclave::vectors {
namespace {

constexpr std::size_t gathered = 256;     // elements brought together from a strided vector at a time
constexpr std::size_t piece = 64 * 1024;  // elements of a contiguous vector that one task sums
constexpr std::size_t parallel_from = 2 * piece;

void add(Sums& sums, const Sums& more) {
  sums.dot += more.dot;
  sums.a += more.a;
  sums.b += more.b;
}

template <class T, class Out>
void gather(const VectorView<T>& view, std::size_t from, std::size_t count, Out scale, Out* out) {
  const T* element = view.data + static_cast<std::ptrdiff_t>(from) * view.stride;
  for (std::size_t i = 0; i < count; ++i, element += view.stride) out[i] = static_cast<Out>(*element) * scale;
}

template <class Out, class T>
Sums gathered_products(const VectorView<T>& a, const VectorView<T>& b, Out scale_a, Out scale_b) {
  std::array<Out, gathered> x;
  std::array<Out, gathered> y;
  Sums sums;
  for (std::size_t from = 0; from < a.size; from += gathered) {
    const std::size_t count = std::min(gathered, a.size - from);
    gather(a, from, count, scale_a, x.data());
    gather(b, from, count, scale_b, y.data());
    add(sums, products(x.data(), y.data(), count));
  }
  return sums;
}

template <class T>
Sums contiguous_products(const T* a, const T* b, std::size_t size) {
  if (size < parallel_from) return products(a, b, size);
  std::vector<Sums> parts((size + piece - 1) / piece);
  parallel_for(parts.size(), [&](std::size_t part) {
    const std::size_t from = part * piece;
    parts[part] = products(a + from, b + from, std::min(piece, size - from));
  });
  Sums sums;
  for (const Sums& part : parts) add(sums, part);
  return sums;
}

template <class T>
Sums all_products(const VectorView<T>& a, const VectorView<T>& b) {
  return a.stride == 1 && b.stride == 1 ? contiguous_products(a.data, b.data, a.size) : gathered_products<T>(a, b, T{1}, T{1});
}

// 2^-e for the largest magnitude m * 2^e, so that scaling is exact; 0 for a vector of zeros, NaN if an element is not finite.
template <class T>
double exact_scale(const VectorView<T>& view) {
  double largest = 0.0;
  for (std::size_t i = 0; i < view.size; ++i) {
    const double magnitude = std::abs(static_cast<double>(view.data[static_cast<std::ptrdiff_t>(i) * view.stride]));
    if (!std::isfinite(magnitude)) return std::numeric_limits<double>::quiet_NaN();
    largest = std::max(largest, magnitude);
  }
  if (largest == 0.0) return 0.0;
  int exponent = 0;
  std::frexp(largest, &exponent);
  return std::ldexp(1.0, std::clamp(-exponent, -1022, 1022));
}

// Neither lost to underflow nor to overflow.
template <class T>
bool is_safe(double squares) {
  constexpr double small = sizeof(T) == 4 ? 1e-25 : 1e-200;
  constexpr double large = sizeof(T) == 4 ? 1e35 : 1e200;
  return squares > small && squares < large;
}

double finish(const Sums& sums) { return std::clamp(sums.dot / (std::sqrt(sums.a) * std::sqrt(sums.b)), -1.0, 1.0); }

template <class T>
double cosine(const VectorView<T>& a, const VectorView<T>& b) {
  const Sums sums = all_products(a, b);
  if (is_safe<T>(sums.a) && is_safe<T>(sums.b)) return finish(sums);
  const double scale_a = exact_scale(a);
  const double scale_b = exact_scale(b);
  if (std::isnan(scale_a) || std::isnan(scale_b)) return std::numeric_limits<double>::quiet_NaN();
  if (scale_a == 0.0 || scale_b == 0.0) return 0.0;
  return finish(gathered_products<double>(a, b, scale_a, scale_b));
}

Result<void> check_sizes(std::size_t a, std::size_t b) {
  if (a == b && a > 0) return {};
  if (a == 0 && b == 0) return fail(ErrorKind::invalid_argument, "the vectors are empty");
  return fail(ErrorKind::invalid_argument,
              "the vectors differ in size: " + std::to_string(a) + " and " + std::to_string(b) + " elements");
}

}  // namespace

template <class T>
Result<double> cosine_similarity(VectorView<T> a, VectorView<T> b) {
  if (auto sizes = check_sizes(a.size, b.size); !sizes) return tl::unexpected(sizes.error());
  return cosine(a, b);
}

template <class T>
Result<std::vector<double>> cosine_similarities(MatrixView<T> rows, VectorView<T> reference) {
  if (auto sizes = check_sizes(rows.columns, reference.size); !sizes) return tl::unexpected(sizes.error());
  std::vector<double> out(rows.rows);
  // At least some 16,000 elements a task, so that small batches stay on the calling thread.
  const std::size_t grain = std::max<std::size_t>(1, 16'384 / rows.columns);
  parallel_for_pieces(rows.rows, grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) out[i] = cosine(rows.row(i), reference);
  });
  return out;
}

template <class T>
std::vector<T> mean_row(MatrixView<T> rows) {
  std::vector<double> sums(rows.columns, 0.0);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    const T* element = rows.row(i).data;
    for (std::size_t j = 0; j < rows.columns; ++j, element += rows.column_stride) sums[j] += static_cast<double>(*element);
  }
  const auto count = static_cast<double>(std::max<std::size_t>(rows.rows, 1));
  std::vector<T> mean(rows.columns);
  std::transform(sums.begin(), sums.end(), mean.begin(), [count](double sum) { return static_cast<T>(sum / count); });
  return mean;
}

template <class T>
double norm(VectorView<T> vector) {
  const Sums sums = all_products(vector, vector);
  if (is_safe<T>(sums.a)) return std::sqrt(sums.a);
  const double scale = exact_scale(vector);
  if (scale == 0.0) return 0.0;
  if (std::isnan(scale)) return std::sqrt(sums.a);  // infinity or NaN, as the sum says
  return std::sqrt(gathered_products<double>(vector, vector, scale, scale).a) / scale;
}

// In double, so that neither a tiny nor a huge length is lost in T.
template <class T>
void normalize(VectorView<T> vector, T* out) {
  double length = norm(vector);
  if (std::isinf(length)) length = std::numeric_limits<double>::quiet_NaN();
  if (length == 0.0) length = 1.0;
  const double scale = 1.0 / length;
  const auto write = [&](auto scaled) {
    if (vector.stride == 1) {
      for (std::size_t i = 0; i < vector.size; ++i) out[i] = static_cast<T>(scaled(static_cast<double>(vector.data[i])));
    } else {
      const T* element = vector.data;
      for (std::size_t i = 0; i < vector.size; ++i, element += vector.stride) {
        out[i] = static_cast<T>(scaled(static_cast<double>(*element)));
      }
    }
  };
  if (scale != 0.0 && !std::isinf(scale)) {
    write([scale](double value) { return value * scale; });
  } else {  // the reciprocal of the largest and smallest lengths is no number
    write([length](double value) { return value / length; });
  }
}

template Result<double> cosine_similarity(VectorView<float>, VectorView<float>);
template Result<double> cosine_similarity(VectorView<double>, VectorView<double>);
template Result<std::vector<double>> cosine_similarities(MatrixView<float>, VectorView<float>);
template Result<std::vector<double>> cosine_similarities(MatrixView<double>, VectorView<double>);
template std::vector<float> mean_row(MatrixView<float>);
template std::vector<double> mean_row(MatrixView<double>);
template double norm(VectorView<float>);
template double norm(VectorView<double>);
template void normalize(VectorView<float>, float*);
template void normalize(VectorView<double>, double*);

}  // namespace conclave::vectors
