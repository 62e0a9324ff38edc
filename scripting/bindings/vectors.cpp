// conclave.vectors: similarity over arrays of float32 or float64, taken through the buffer protocol without a copy and pinned
// while the GIL is released.
#include <memory>
#include <optional>
#include <vector>

#include "engine/base/job.h"
#include "engine/vectors/describe.h"
#include "engine/vectors/similarity.h"
#include "scripting/bindings/binders.h"
#include "scripting/bindings/blocking.h"
#include "scripting/bindings/buffers.h"
#include "scripting/bindings/errors.h"
#include "scripting/bindings/operation.h"

namespace conclave::scripting {
namespace {

using ArrayPtr = std::shared_ptr<const FloatArray>;

OperationPtr prepare_similarity(py::handle first, py::handle second) {
  const auto a = std::make_shared<const FloatArray>(first, "a", 1);
  const auto b = std::make_shared<const FloatArray>(second, "b", 1);
  require_same_type(*a, *b);
  return make_operation(
      std::make_shared<Job>("cosine similarity"),
      [a, b] {
        return a->is_double() ? vectors::cosine_similarity(a->vector<double>(), b->vector<double>())
                              : vectors::cosine_similarity(a->vector<float>(), b->vector<float>());
      },
      [](Result<double>&& similarity) -> py::object { return py::float_(value_or_raise(std::move(similarity))); });
}

template <class T>
Result<std::vector<double>> similarities(const FloatArray& batch, const FloatArray* reference) {
  const auto rows = batch.matrix<T>();
  if (reference != nullptr) return vectors::cosine_similarities(rows, reference->vector<T>());
  const std::vector<T> mean = vectors::mean_row(rows);
  return vectors::cosine_similarities(rows, vectors::VectorView<T>{mean.data(), mean.size(), 1});
}

OperationPtr prepare_similarities(py::handle rows, py::handle reference) {
  const auto batch = std::make_shared<const FloatArray>(rows, "batch", 2);
  ArrayPtr against;
  if (!reference.is_none()) {
    against = std::make_shared<const FloatArray>(reference, "reference", 1);
    require_same_type(*batch, *against);
  }
  return make_operation(
      std::make_shared<Job>("cosine similarities"),
      [batch, against] {
        return batch->is_double() ? similarities<double>(*batch, against.get()) : similarities<float>(*batch, against.get());
      },
      [](Result<std::vector<double>>&& values) { return view_of(value_or_raise(std::move(values))); });
}

template <class T>
OperationPtr matrix_of(const ArrayPtr& batch, const JobPtr& job) {
  return make_operation(
      job, [batch, job] { return vectors::cosine_matrix(batch->matrix<T>(), *job); },
      [](Result<vectors::Matrix<T>>&& matrix) { return view_of(value_or_raise(std::move(matrix))); });
}

OperationPtr prepare_matrix(py::handle rows, JobPtr job) {
  const auto batch = std::make_shared<const FloatArray>(rows, "batch", 2);
  const JobPtr own = job_or_new(std::move(job), "cosine matrix");
  return batch->is_double() ? matrix_of<double>(batch, own) : matrix_of<float>(batch, own);
}

OperationPtr prepare_description(py::handle data, JobPtr job) {
  const auto table = std::make_shared<const FloatArray>(data, "data");
  if (table->dimensions() != 1 && table->dimensions() != 2) {
    throw py::value_error("data must have 1 or 2 dimensions, not " + std::to_string(table->dimensions()));
  }
  const JobPtr own = job_or_new(std::move(job), "describe");
  return make_operation(
      own,
      [table, own] {
        return table->is_double() ? vectors::describe(table->matrix<double>(), *own)
                                  : vectors::describe(table->matrix<float>(), *own);
      },
      [](Result<vectors::Matrix<double>>&& matrix) { return view_of(value_or_raise(std::move(matrix))); });
}

// Small work is done here and now, without another thread.
py::object without_thread(const OperationPtr& operation) {
  {
    const py::gil_scoped_release release;
    static_cast<void>(operation->run());
  }
  return operation->take_result();
}

}  // namespace

void bind_vectors(py::module_& module) {
  operations_of(module)["cosine_similarity"] = py::cpp_function(&prepare_similarity, py::arg("a"), py::arg("b"));
  module.def(
      "cosine_similarities",
      [](py::handle batch, py::handle reference) { return without_thread(prepare_similarities(batch, reference)); },
      py::arg("batch"), py::arg("reference") = py::none(),
      "Of each row of `batch` (n x d) with `reference` (d), by default the mean row: n float64 as a memoryview.");
  operations_of(module)["cosine_similarities"] =
      py::cpp_function(&prepare_similarities, py::arg("batch"), py::arg("reference") = py::none());
  def_operation(module, "cosine_matrix", &prepare_matrix, py::arg("batch"), py::arg("job") = py::none(),
                "Of each row of `batch` (n x d) with each: n x n, symmetric, of the batch's own type, as a memoryview.");
  def_operation(
      module, "describe", &prepare_description, py::arg("data"), py::arg("job") = py::none(),
      "Eight rows, one column for each of `data` (n x columns, or n): count, NaNs, mean, standard deviation of the "
      "population, least, median, 95th percentile, greatest, as a memoryview of float64. NaNs are counted and left out.");
}

}  // namespace conclave::scripting
