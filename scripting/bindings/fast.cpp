#include "scripting/bindings/fast.h"

#include <algorithm>
#include <string>

namespace conclave::scripting {
namespace {

std::string text_of(PyObject* name) { return py::str(py::handle(name)); }

[[noreturn]] void refuse(const Parameters& parameters, const std::string& what) {
  throw py::type_error(std::string(parameters.function) + "() " + what);
}

void sort_keyword(const Parameters& parameters, PyObject* keyword, PyObject* value, std::span<PyObject*> sorted) {
  const std::ptrdiff_t index = index_of(keyword, parameters.names);
  if (index < 0) refuse(parameters, "got an unexpected keyword argument '" + text_of(keyword) + "'");
  PyObject*& place = sorted[static_cast<std::size_t>(index)];
  if (place != nullptr) refuse(parameters, "got multiple values for argument '" + text_of(keyword) + "'");
  place = value;
}

}  // namespace

std::ptrdiff_t index_of(PyObject* name, std::span<PyObject* const> names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<std::ptrdiff_t>(i);
  }
  if (!PyUnicode_Check(name)) return -1;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const int order = PyUnicode_Compare(names[i], name);
    if (order == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
    if (order == 0) return static_cast<std::ptrdiff_t>(i);
  }
  return -1;
}

void sort_arguments(const Parameters& parameters, PyObject* const* given, std::size_t count, PyObject* keywords,
                    std::span<PyObject*> sorted) {
  if (count > parameters.positional) {
    refuse(parameters, "takes at most " + std::to_string(parameters.positional) + " positional arguments (" +
                           std::to_string(count) + " given)");
  }
  std::copy_n(given, count, sorted.begin());
  std::fill(sorted.begin() + static_cast<std::ptrdiff_t>(count), sorted.end(), nullptr);
  const Py_ssize_t named = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  for (Py_ssize_t i = 0; i < named; ++i)
    sort_keyword(parameters, PyTuple_GET_ITEM(keywords, i), given[count + static_cast<std::size_t>(i)], sorted);
  for (std::size_t i = 0; i < parameters.required; ++i) {
    if (sorted[i] == nullptr) refuse(parameters, "missing required argument: '" + text_of(parameters.names[i]) + "'");
  }
}

}  // namespace conclave::scripting
