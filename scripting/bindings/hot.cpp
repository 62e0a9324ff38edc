// Functions that scripts call in loops: written by hand, so that a call costs less than the work it asks for. What may take
// longer than about ten microseconds releases the GIL.
#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/consensus/agreement.h"
#include "engine/logs/level.h"
#include "engine/vectors/similarity.h"
#include "scripting/bindings/binders.h"
#include "scripting/bindings/buffers.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"
#include "scripting/bindings/fast.h"

namespace conclave::scripting {
namespace {

constexpr std::size_t quick_bytes = 64U << 10U;

// Without the GIL where it is worth that.
template <class Work>
auto released_if_long(std::size_t bytes, Work work) {
  if (bytes <= quick_bytes) return work();
  const py::gil_scoped_release release;
  return work();
}

PyObject* cosine_similarity(PyObject* /*module*/, PyObject* const* given, Py_ssize_t count, PyObject* keywords) {
  return guarded([&] {
    static const auto names = interned({"a", "b"});
    const auto arguments = sorted("cosine_similarity", names, given, count, keywords);
    const FloatArray a(arguments[0], "a", 1);
    const FloatArray b(arguments[1], "b", 1);
    require_same_type(a, b);
    const auto similarity = released_if_long(a.bytes(), [&] {
      return a.is_double() ? vectors::cosine_similarity(a.vector<double>(), b.vector<double>())
                           : vectors::cosine_similarity(a.vector<float>(), b.vector<float>());
    });
    return PyFloat_FromDouble(value_or_raise(Result<double>(similarity)));
  });
}

PyObject* norm(PyObject* /*module*/, PyObject* const* given, Py_ssize_t count, PyObject* keywords) {
  return guarded([&] {
    static const auto names = interned({"a"});
    const FloatArray a(sorted("norm", names, given, count, keywords)[0], "a", 1);
    return PyFloat_FromDouble(released_if_long(
        a.bytes(), [&] { return a.is_double() ? vectors::norm(a.vector<double>()) : vectors::norm(a.vector<float>()); }));
  });
}

template <class T>
py::object unit_vector(const FloatArray& a) {
  const auto vector = a.vector<T>();
  std::shared_ptr<T[]> out = std::make_shared_for_overwrite<T[]>(vector.size);
  released_if_long(a.bytes(), [&] { vectors::normalize(vector, out.get()); });
  const T* const data = out.get();
  return view_of(SharedBuffer{std::move(out), data, vector.size, sizeof(T), buffer_format<T>});
}

PyObject* normalized(PyObject* /*module*/, PyObject* const* given, Py_ssize_t count, PyObject* keywords) {
  return guarded([&] {
    static const auto names = interned({"a"});
    const FloatArray a(sorted("normalized", names, given, count, keywords)[0], "a", 1);
    return (a.is_double() ? unit_vector<double>(a) : unit_vector<float>(a)).release().ptr();
  });
}

PyObject* dimensions(PyObject* /*module*/, PyObject* const* given, Py_ssize_t count, PyObject* keywords) {
  return guarded([&] {
    static const auto names = interned({"a"});
    return PyLong_FromLong(FloatArray(sorted("dimensions", names, given, count, keywords)[0], "a").dimensions());
  });
}

// The bytes of a str (as UTF-8) or of bytes, valid as long as the object.
std::string_view borrowed_text(PyObject* value, const char* what) {
  if (PyBytes_Check(value)) return {PyBytes_AS_STRING(value), static_cast<std::size_t>(PyBytes_GET_SIZE(value))};
  if (!PyUnicode_Check(value)) {
    throw py::type_error(std::string(what) + " must be str or bytes, not " + Py_TYPE(value)->tp_name);
  }
  Py_ssize_t size = 0;
  const char* const text = PyUnicode_AsUTF8AndSize(value, &size);
  if (text == nullptr) throw py::error_already_set();
  return {text, static_cast<std::size_t>(size)};
}

PyObject* level_of(PyObject* /*module*/, PyObject* const* given, Py_ssize_t count, PyObject* keywords) {
  return guarded([&] {
    static const auto names = interned({"line"});
    static const auto levels = interned({"unknown", "trace", "debug", "info", "warning", "error", "fatal"});
    static_assert(levels.size() == logs::level_count);
    const auto arguments = sorted("level_of", names, given, count, keywords);
    const logs::Level level = logs::level_of(borrowed_text(arguments[0], "line"));
    return Py_NewRef(levels[static_cast<std::size_t>(level)]);
  });
}

std::string_view label(PyObject* value) {
  if (PyUnicode_CheckExact(value) && PyUnicode_IS_COMPACT_ASCII(value)) {
    return {static_cast<const char*>(PyUnicode_DATA(value)), static_cast<std::size_t>(PyUnicode_GET_LENGTH(value))};
  }
  return borrowed_text(value, "a label");
}

// True if all pairs are plain tuples, so that nothing that is read can change meanwhile.
bool add_plain_pairs(PyObject* list, consensus::Agreement& found) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); ++i) {
    PyObject* const pair = PyList_GET_ITEM(list, i);
    if (!PyTuple_CheckExact(pair) || PyTuple_GET_SIZE(pair) != 2) return false;
    found.add(label(PyTuple_GET_ITEM(pair, 0)), label(PyTuple_GET_ITEM(pair, 1)));
  }
  return true;
}

py::tuple to_items(py::handle iterable, const char* what) {
  auto items = py::reinterpret_steal<py::tuple>(PySequence_Tuple(iterable.ptr()));
  if (items) return items;
  if (PyErr_ExceptionMatches(PyExc_TypeError) == 0) throw py::error_already_set();
  PyErr_Clear();
  throw py::type_error(std::string(what) + ", not " + Py_TYPE(iterable.ptr())->tp_name);
}

consensus::Agreement agreement_of(const std::vector<py::tuple>& pairs) {
  consensus::Agreement found;
  for (const py::tuple& pair : pairs) {
    if (pair.size() != 2) throw py::value_error("a pair must be two labels, not " + std::to_string(pair.size()));
    found.add(label(PyTuple_GET_ITEM(pair.ptr(), 0)), label(PyTuple_GET_ITEM(pair.ptr(), 1)));
  }
  return found;
}

PyObject* told(const consensus::Agreement& found) { return py::make_tuple(found.share(), found.kappa()).release().ptr(); }

PyObject* agreement(PyObject* /*module*/, PyObject* const* given, Py_ssize_t count, PyObject* keywords) {
  return guarded([&] {
    static const auto names = interned({"pairs"});
    PyObject* const pairs = sorted("agreement", names, given, count, keywords)[0];
    consensus::Agreement quick;
    if (PyList_CheckExact(pairs) && add_plain_pairs(pairs, quick)) return told(quick);
    std::vector<py::tuple> kept;  // with their labels, until all is counted
    for (const py::handle pair : to_items(pairs, "pairs must be an iterable of pairs")) {
      kept.push_back(to_items(pair, "a pair must be two labels"));
    }
    return told(agreement_of(kept));
  });
}

}  // namespace

void bind_hot(py::module_& module) {
  static PyMethodDef methods[] = {
      fast_method(
          "cosine_similarity", &cosine_similarity,
          "cosine_similarity(a, b)\n--\n\nOf two one-dimensional arrays of one type, in [-1, 1]; 0 if either is all zeros. "
          "ValueError "
          "for different lengths."),
      fast_method("norm", &norm, "norm(a)\n--\n\nEuclidean length of a one-dimensional array, without overflow."),
      fast_method(
          "normalized", &normalized,
          "normalized(a)\n--\n\nA one-dimensional array at length 1, of its own type, as a memoryview; zeros stay zeros."),
      fast_method(
          "dimensions", &dimensions,
          "dimensions(a)\n--\n\nHow many dimensions an array has that can be taken without a copy; TypeError for any other."),
      fast_method(
          "level_of", &level_of,
          "level_of(line)\n--\n\nThe level that a log line (str or bytes) declares: unknown, trace, debug, info, warning, "
          "error or "
          "fatal."),
      fast_method(
          "agreement", &agreement,
          "agreement(pairs)\n--\n\n(share of equal pairs, Cohen's kappa) of (label, label) pairs: what two judges said of the "
          "same "
          "things. kappa is 1 for always the same, 0 as by chance; NaN where chance explains everything."),
      {},
  };
  if (PyModule_AddFunctions(module.ptr(), methods) != 0) throw py::error_already_set();
}

}  // namespace conclave::scripting
