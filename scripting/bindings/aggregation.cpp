// Aggregation of many experts' labels. Names are numbered in Python (conclave/_aggregation.py); here are only their numbers.
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/consensus/aggregation/aggregate.h"
#include "engine/consensus/aggregation/agreement_alpha.h"
#include "engine/consensus/aggregation/opinion_pool.h"
#include "scripting/bindings/binders.h"
#include "scripting/bindings/buffers.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"
#include "scripting/bindings/operation.h"

namespace conclave::scripting {
namespace {

using consensus::LabelTable;
using consensus::Verdicts;
using Numbers = std::vector<std::uint32_t>;

template <class T>
std::vector<T> to_numbers(const py::buffer& values, const char* what) {
  const py::buffer_info info = values.request();
  if (info.ndim != 1 || info.format != py::format_descriptor<T>::format() || (info.size > 0 && info.strides[0] != sizeof(T)))
    throw py::type_error(std::string(what) + " must be an array of 32-bit integers");
  const auto* const first = static_cast<const T*>(info.ptr);
  return {first, first + info.size};
}

// A copy, so that the GIL can be released and nobody changes it.
struct Columns {
  Numbers items;
  Numbers experts;
  Numbers labels;
  LabelTable::Counts counts;
};

using Counts = std::array<std::size_t, 3>;  // of items, experts, classes

Counts to_counts(const py::tuple& counts) {
  if (counts.size() != 3) throw py::value_error("counts are those of items, experts and classes");
  return {py::cast<std::size_t>(counts[0]), py::cast<std::size_t>(counts[1]), py::cast<std::size_t>(counts[2])};
}

void require_below(const Numbers& numbers, std::size_t count, const char* what) {
  for (const std::uint32_t number : numbers) {
    if (number >= count)
      throw py::value_error(std::string(what) + " has " + std::to_string(number) + ", which is not below its count");
  }
}

Columns to_columns(const py::buffer& items, const py::buffer& experts, const py::buffer& labels, const Counts& counts) {
  Columns columns{to_numbers<std::uint32_t>(items, "items"),
                  to_numbers<std::uint32_t>(experts, "experts"),
                  to_numbers<std::uint32_t>(labels, "labels"),
                  {counts[0], counts[1], counts[2]}};
  if (columns.items.size() != columns.experts.size() || columns.items.size() != columns.labels.size())
    throw py::value_error("items, experts and labels must be of the same length");
  require_below(columns.items, counts[0], "items");
  require_below(columns.experts, counts[1], "experts");
  require_below(columns.labels, counts[2], "labels");
  return columns;
}

std::vector<std::int32_t> to_truth(py::handle truth, std::size_t items, std::size_t classes) {
  if (truth.is_none()) return {};
  auto known = to_numbers<std::int32_t>(py::cast<py::buffer>(truth), "truth");
  if (known.size() != items) throw py::value_error("truth must have a number for each item");
  for (const std::int32_t each : known) {
    if (each >= 0 && static_cast<std::size_t>(each) >= classes) throw py::value_error("truth has a class that does not exist");
  }
  return known;
}

consensus::Method to_method(py::handle value) {
  const std::string name = to_utf8(value, "method");
  if (const auto method = consensus::method_from_name(name)) return *method;
  throw py::value_error("there is no method '" + name + "'");
}

std::vector<double> to_doubles(const FloatArray& given) {
  const auto view = given.vector<double>();
  std::vector<double> values(view.size);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = view.data[static_cast<std::ptrdiff_t>(i) * view.stride];
  return values;
}

py::object view_of_rows(consensus::Grid&& grid) {
  const auto owner = std::make_shared<const consensus::Grid>(std::move(grid));
  return view_of(
      SharedBuffer{owner, owner->values.data(), owner->rows, sizeof(double), "d", static_cast<std::ptrdiff_t>(owner->columns)});
}

// (probabilities, by item the number of its class or -1, reliability, iterations, converged, by expert its family or [])
py::object to_python(Verdicts&& found) {
  py::list labels;
  for (const std::int32_t label : found.labels) labels.append(label);
  py::list families;
  for (const std::uint32_t family : found.families) families.append(family);
  return py::make_tuple(view_of_rows(std::move(found.probabilities)), labels, view_of(std::move(found.reliability)),
                        found.iterations, found.converged ? py::object(py::bool_(*found.converged)) : py::object(py::none()),
                        families);
}

OperationPtr prepare_aggregate(const py::buffer& items, const py::buffer& experts, const py::buffer& labels,
                               const py::tuple& sizes, py::handle method, py::handle truth, std::uint64_t seed, JobPtr job) {
  const Counts counts = to_counts(sizes);
  auto columns = to_columns(items, experts, labels, counts);
  auto known = to_truth(truth, counts[0], counts[2]);
  if (!job) job = std::make_shared<Job>("aggregate labels");
  return make_operation(
      job,
      [columns = std::move(columns), known = std::move(known), chosen = to_method(method), seed, job]() -> Result<Verdicts> {
        const LabelTable table({columns.items, columns.experts, columns.labels}, columns.counts);
        return consensus::aggregate(consensus::Crowd{table, known, *job, seed}, chosen);
      },
      [](Result<Verdicts>&& found) { return to_python(value_or_raise(std::move(found))); });
}

OperationPtr prepare_opinions(const py::buffer& items, const py::buffer& experts, py::handle probabilities,
                              const py::tuple& sizes, bool logarithmic, py::handle truth) {
  const Counts counts = to_counts(sizes);
  auto item_numbers = to_numbers<std::uint32_t>(items, "items");
  auto expert_numbers = to_numbers<std::uint32_t>(experts, "experts");
  require_below(item_numbers, counts[0], "items");
  require_below(expert_numbers, counts[1], "experts");
  const FloatArray given(probabilities, "probabilities", 1);
  if (!given.is_double() || item_numbers.size() != expert_numbers.size() ||
      given.bytes() != item_numbers.size() * counts[2] * sizeof(double))
    throw py::value_error("probabilities must be float64, one for each row and class");
  consensus::Grid opinions(item_numbers.size(), counts[2]);
  opinions.values = to_doubles(given);
  return make_operation(
      std::make_shared<Job>("pool opinions"),
      [items = std::move(item_numbers), experts = std::move(expert_numbers), opinions = std::move(opinions), counts, logarithmic,
       known = to_truth(truth, counts[0], counts[2])] {
        return consensus::pool_opinions({items, experts, opinions, counts[0], counts[1], known},
                                        logarithmic ? consensus::PoolKind::logarithmic : consensus::PoolKind::linear);
      },
      [](Verdicts&& found) { return to_python(std::move(found)); });
}

OperationPtr prepare_alpha(const py::buffer& items, const py::buffer& experts, const py::buffer& labels, const py::tuple& sizes,
                           std::uint64_t seed, std::size_t draws, JobPtr job) {
  const Counts counts = to_counts(sizes);
  auto columns = to_columns(items, experts, labels, counts);
  if (!job) job = std::make_shared<Job>("agreement");
  return make_operation(
      job,
      [columns = std::move(columns), seed, draws, job] {
        const LabelTable table({columns.items, columns.experts, columns.labels}, columns.counts);
        return consensus::krippendorff_alpha(table, seed, *job, draws);
      },
      [](Result<consensus::Alpha>&& result) -> py::object {
        const consensus::Alpha found = value_or_raise(std::move(result));
        return py::make_tuple(found.value, found.low, found.high, found.items, found.labels);
      });
}

// So that what was pickled is again what the engine gives.
py::object rows_of_numbers(py::handle data, std::size_t rows, std::size_t columns) {
  const FloatArray given(data, "data", 1);
  if (!given.is_double() || given.bytes() != rows * columns * sizeof(double))
    throw py::value_error("data must be float64, rows x columns of them");
  consensus::Grid grid(rows, columns);
  grid.values = to_doubles(given);
  return view_of_rows(std::move(grid));
}

}  // namespace

void bind_aggregation(py::module_& module) {
  def_operation(
      module, "aggregate_labels", &prepare_aggregate, py::arg("items"), py::arg("experts"), py::arg("labels"), py::arg("counts"),
      py::arg("method"), py::arg("truth") = py::none(), py::arg("seed") = 0, py::arg("job") = py::none(),
      "Columns of uint32 below `counts` (items, experts, classes); truth: int32 for each item, -1 where it is not known. "
      "(probabilities, classes or -1, reliability, iterations, converged, by expert its family or []).");
  def_operation(module, "pool_opinions", &prepare_opinions, py::arg("items"), py::arg("experts"), py::arg("probabilities"),
                py::arg("counts"), py::arg("logarithmic"), py::arg("truth") = py::none(),
                "probabilities: float64, rows x classes in one dimension. As aggregate_labels.");
  def_operation(module, "alpha_of_labels", &prepare_alpha, py::arg("items"), py::arg("experts"), py::arg("labels"),
                py::arg("counts"), py::arg("seed") = 0, py::arg("draws") = 1000, py::arg("job") = py::none(),
                "(alpha, low, high, items with two labels or more, labels of those).");
  module.def("rows_of_numbers", &rows_of_numbers, py::arg("data"), py::arg("rows"), py::arg("columns"),
             "float64 in one dimension as a memoryview with two.");
  module.def(
      "aggregation_methods",
      [] {
        std::vector<std::string> all(consensus::method_names.begin(), consensus::method_names.end());
        return texts_to_python(all);
      },
      "Names that aggregate_labels knows, the default first.");
}

}  // namespace conclave::scripting
