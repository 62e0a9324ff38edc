// What functions written by hand need: arguments from the vectorcall protocol (PEP 590), and exceptions that stop at the border.
// For calls that cost less than pybind11's own dispatch; everything else is bound with pybind11.
#pragma once

#include <pybind11/pybind11.h>

#include <array>
#include <cstddef>
#include <new>
#include <span>

namespace conclave::scripting {

namespace py = pybind11;

// The parameters of a function. Made once, when the module is; the names are interned and never freed.
struct Parameters {
  const char* function;
  std::span<PyObject* const> names;
  std::size_t required;
  std::size_t positional;  // how many may be given without their name
};

template <std::size_t count>
[[nodiscard]] std::array<PyObject*, count> interned(const char* const (&names)[count]) {
  std::array<PyObject*, count> made{};
  for (std::size_t i = 0; i < count; ++i) {
    made[i] = PyUnicode_InternFromString(names[i]);
    if (made[i] == nullptr) throw py::error_already_set();
  }
  return made;
}

// Index of a name among them, or -1. Nearly always found by identity, since compilers intern names.
[[nodiscard]] std::ptrdiff_t index_of(PyObject* name, std::span<PyObject* const> names);

// Sorts the arguments of one call into `sorted`, borrowed, null where not given. TypeError as Python's own functions word it.
void sort_arguments(const Parameters& parameters, PyObject* const* given, std::size_t count, PyObject* keywords,
                    std::span<PyObject*> sorted);

// The same for a function whose parameters are all required.
template <std::size_t count>
[[nodiscard]] std::array<PyObject*, count> sorted(const char* function, const std::array<PyObject*, count>& names,
                                                  PyObject* const* given, Py_ssize_t given_count, PyObject* keywords) {
  std::array<PyObject*, count> arguments;
  sort_arguments({function, names, count, count}, given, static_cast<std::size_t>(given_count), keywords, arguments);
  return arguments;
}

// `doc` starts with the signature as CPython has it: "name(a, b)\n--\n\n".
using FastFunction = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);
[[nodiscard]] inline PyMethodDef fast_method(const char* name, FastFunction function, const char* doc, int flags = 0) {
  return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(function)), METH_FASTCALL | METH_KEYWORDS | flags, doc};
}

// Turns exceptions of C++ into the Python error that belongs to them. `body` returns a new reference.
template <class Body>
PyObject* guarded(Body body) noexcept {
  try {
    return body();
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const py::builtin_exception& error) {
    error.set_error();
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
  return nullptr;
}

}  // namespace conclave::scripting
