// One pass per pair: dot product and both squared lengths, in double. Contiguous vectors go through Eigen in blocks: floats are
// converted a block at a time, which the compiler and Eigen turn into SIMD, and no product of floats can overflow a double.
// Numbers near the end of double's own range are scaled by a power of two and tried again, so that only NaN and infinity give
// NaN.
#include "engine/vectors/similarity.h"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace conclave::vectors {
namespace {

constexpr std::size_t block = 256;  // elements; two blocks of doubles stay in the first-level cache

using Block = Eigen::Array<double, Eigen::Dynamic, 1, 0, block, 1>;

// Only without a stride does Eigen load whole packets.
template <class T>
Block load(const VectorView<T>& view, std::size_t from, std::size_t count, double scale) {
  using Elements = Eigen::Array<T, Eigen::Dynamic, 1>;
  const T* const first = view.data + static_cast<std::ptrdiff_t>(from) * view.stride;
  const auto size = static_cast<Eigen::Index>(count);
  if (view.stride == 1) return Eigen::Map<const Elements>(first, size).template cast<double>() * scale;
  const Eigen::InnerStride<> stride(view.stride);
  return Eigen::Map<const Elements, Eigen::Unaligned, Eigen::InnerStride<>>(first, size, stride).template cast<double>() * scale;
}

struct Sums {
  double dot = 0.0;
  double a = 0.0;
  double b = 0.0;
};

template <class T>
Sums products(const VectorView<T>& a, const VectorView<T>& b, double scale_a, double scale_b) {
  Sums sums;
  for (std::size_t from = 0; from < a.size; from += block) {
    const std::size_t count = std::min(block, a.size - from);
    const Block x = load(a, from, count, scale_a);
    const Block y = load(b, from, count, scale_b);
    sums.dot += (x * y).sum();
    sums.a += x.square().sum();
    sums.b += y.square().sum();
  }
  return sums;
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

double finish(const Sums& sums) { return std::clamp(sums.dot / (std::sqrt(sums.a) * std::sqrt(sums.b)), -1.0, 1.0); }

template <class T>
double cosine(const VectorView<T>& a, const VectorView<T>& b) {
  const Sums sums = products(a, b, 1.0, 1.0);
  constexpr double small = 1e-200;
  constexpr double large = 1e200;
  if (sums.a > small && sums.a < large && sums.b > small && sums.b < large) return finish(sums);
  const double scale_a = exact_scale(a);
  const double scale_b = exact_scale(b);
  if (std::isnan(scale_a) || std::isnan(scale_b)) return std::numeric_limits<double>::quiet_NaN();
  if (scale_a == 0.0 || scale_b == 0.0) return 0.0;
  return finish(products(a, b, scale_a, scale_b));
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
  const auto work = [&](const tbb::blocked_range<std::size_t>& range) {
    for (std::size_t i = range.begin(); i != range.end(); ++i) {
      const T* const first = rows.data + static_cast<std::ptrdiff_t>(i) * rows.row_stride;
      out[i] = cosine(VectorView<T>{first, rows.columns, rows.column_stride}, reference);
    }
  };
  // At least some 16,000 elements a task, so that small batches stay on the calling thread.
  const std::size_t grain = std::max<std::size_t>(1, 16'384 / rows.columns);
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, rows.rows, grain), work);
  return out;
}

template Result<double> cosine_similarity(VectorView<float>, VectorView<float>);
template Result<double> cosine_similarity(VectorView<double>, VectorView<double>);
template Result<std::vector<double>> cosine_similarities(MatrixView<float>, VectorView<float>);
template Result<std::vector<double>> cosine_similarities(MatrixView<double>, VectorView<double>);

}  // namespace conclave::vectors
