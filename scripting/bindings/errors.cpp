#include "scripting/bindings/errors.h"

#include <string>

#include "scripting/bindings/convert.h"

namespace conclave::scripting {
namespace {

constexpr std::size_t kept_limit = 256;

py::module_ core() { return py::module_::import("conclave._core"); }

const char* exception_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::parse:
    case ErrorKind::limit:
    case ErrorKind::infrastructure:
      return "InfrastructureError";
    case ErrorKind::cancelled:
      return "CancelledError";
    case ErrorKind::performance:
      return "PerformanceError";
    case ErrorKind::circle:
      return "CircleError";
    case ErrorKind::security:
      return "SecurityError";
    case ErrorKind::serialization:
      return "SerializationError";
    default:
      return "ConclaveError";
  }
}

py::object exception_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::invalid_argument:
      return py::handle(PyExc_ValueError)(to_str(error.text()));
    case ErrorKind::not_found:
      return py::handle(PyExc_KeyError)(to_str(error.text()));
    case ErrorKind::io: {
      const py::object where = error.where.empty() ? py::object(py::none()) : py::object(path_to_python(error.where));
      return py::handle(PyExc_OSError)(error.os_error, to_str(error.message), where);
    }
    default:
      return core().attr(exception_name(error.kind))(to_str(error.text()));
  }
}

[[noreturn]] void throw_object(const py::object& exception) {
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
  throw py::error_already_set();
}

}  // namespace

void raise(const Error& error, const py::tuple& problems) {
  if (error.kind == ErrorKind::script) {
    const py::object kept = kept_exception(error.script_id);
    if (!kept.is_none()) throw_object(kept);
  }
  const py::object exception = exception_of(error);
  exception.attr("where") = to_str(error.where);
  if (error.kind == ErrorKind::parse || error.kind == ErrorKind::limit) exception.attr("problems") = problems;
  throw_object(exception);
}

void raise(const Error& error) { raise(error, py::tuple()); }

// The registry is a dict of the module, keyed by the object's address: unique while the object is kept.
Error keep_exception(const py::object& exception, const char* where) {
  const py::dict kept = core().attr("_kept_exceptions");
  const auto id = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(exception.ptr()));
  while (kept.size() >= kept_limit) {
    const py::object oldest = py::reinterpret_borrow<py::object>(*py::iter(kept));
    if (PyDict_DelItem(kept.ptr(), oldest.ptr()) != 0) throw py::error_already_set();
  }
  kept[py::int_(id)] = exception;
  const std::string type = to_utf8(py::str(py::type::handle_of(exception).attr("__name__")), "exception name");
  return {ErrorKind::script, type + ": " + to_utf8(py::str(exception), "exception text"), where, 0, id};
}

py::object kept_exception(std::uint64_t script_id) {
  const py::dict kept = core().attr("_kept_exceptions");
  return kept.attr("get")(py::int_(script_id));
}

}  // namespace conclave::scripting
