// Failures at the border: each kind of Error is one Python exception, which is also the built-in a programmer expects.
// Needs the GIL throughout.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <type_traits>
#include <utility>

#include "engine/base/error.h"

namespace conclave::scripting {

namespace py = pybind11;

// Throws py::error_already_set with the exception that belongs to the kind: attributes `where` and, for parse and limit,
// `problems` (a tuple). A Python exception that only passed through C++ (kind script) is raised again as the same object.
[[noreturn]] void raise(const Error& error);
[[noreturn]] void raise(const Error& error, const py::tuple& problems);

template <class T>
T value_or_raise(Result<T>&& result) {
  if (!result) raise(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// An Error that stands for `exception` (taken from a py::error_already_set) until raise() is called with it. The newest 256 are
// kept, so that errors nobody raises do not pile up.
[[nodiscard]] Error keep_exception(const py::object& exception, const char* where = "");

// The kept exception object, or None.
[[nodiscard]] py::object kept_exception(std::uint64_t script_id);

}  // namespace conclave::scripting
