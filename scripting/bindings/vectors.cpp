// conclave.vectors: similarity over arrays of float32 or float64, taken through the buffer protocol without a copy.
#include <algorithm>
#include <optional>
#include <vector>

#include "engine/base/job.h"
#include "engine/vectors/similarity.h"
#include "scripting/bindings/binders.h"
#include "scripting/bindings/blocking.h"
#include "scripting/bindings/buffers.h"
#include "scripting/bindings/errors.h"

namespace conclave::scripting {
namespace {

void require_same_type(const FloatArray& a, const FloatArray& b) {
  if (a.is_double() != b.is_double()) throw py::type_error("both arrays must be float32, or both float64");
}

double cosine_similarity(py::handle first, py::handle second) {
  const FloatArray a(first, "a");
  const FloatArray b(second, "b");
  a.require_dimensions(1, "a");
  b.require_dimensions(1, "b");
  require_same_type(a, b);
  Result<double> similarity;
  {
    const py::gil_scoped_release release;
    similarity = a.is_double() ? vectors::cosine_similarity(a.vector<double>(), b.vector<double>())
                               : vectors::cosine_similarity(a.vector<float>(), b.vector<float>());
  }
  return value_or_raise(std::move(similarity));
}

template <class T>
std::vector<T> mean_row(const vectors::MatrixView<T>& rows) {
  std::vector<double> sums(rows.columns, 0.0);
  for (std::size_t row = 0; row < rows.rows; ++row) {
    const T* start = rows.data + static_cast<std::ptrdiff_t>(row) * rows.row_stride;
    for (std::size_t i = 0; i < rows.columns; ++i)
      sums[i] += static_cast<double>(start[static_cast<std::ptrdiff_t>(i) * rows.column_stride]);
  }
  std::vector<T> mean(rows.columns);
  for (std::size_t i = 0; i < rows.columns; ++i)
    mean[i] = static_cast<T>(sums[i] / static_cast<double>(std::max<std::size_t>(rows.rows, 1)));
  return mean;
}

template <class T>
py::object similarities(const FloatArray& batch, const FloatArray* reference) {
  Result<std::vector<double>> result;
  {
    const py::gil_scoped_release release;
    const auto rows = batch.matrix<T>();
    if (reference != nullptr) {
      result = vectors::cosine_similarities(rows, reference->vector<T>());
    } else {
      const std::vector<T> mean = mean_row(rows);
      result = vectors::cosine_similarities(rows, vectors::VectorView<T>{mean.data(), mean.size(), 1});
    }
  }
  return view_of(value_or_raise(std::move(result)));
}

py::object cosine_similarities(py::handle rows, py::handle reference) {
  const FloatArray batch(rows, "batch");
  batch.require_dimensions(2, "batch");
  std::optional<FloatArray> against;
  if (!reference.is_none()) {
    against.emplace(reference, "reference");
    against->require_dimensions(1, "reference");
    require_same_type(batch, *against);
  }
  const FloatArray* wanted = against ? &*against : nullptr;
  return batch.is_double() ? similarities<double>(batch, wanted) : similarities<float>(batch, wanted);
}

}  // namespace

void bind_vectors(py::module_& module) {
  module.def(
      "cosine_similarity", &cosine_similarity, py::arg("a"), py::arg("b"),
      "Of two one-dimensional arrays of one type, in [-1, 1]; 0 if either is all zeros. ValueError for different lengths.");
  module.def("cosine_similarities", &cosine_similarities, py::arg("batch"), py::arg("reference") = py::none(),
             "Of each row of `batch` (n x d) with `reference` (d), by default the mean row: n float64 as a memoryview.");
}

}  // namespace conclave::scripting
