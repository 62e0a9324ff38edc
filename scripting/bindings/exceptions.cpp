// The exception classes. Each is also the built-in a programmer expects (see errors.h for who raises which).
#include "scripting/bindings/binders.h"
#include "scripting/bindings/errors.h"

namespace conclave::scripting {

namespace py = pybind11;

namespace {

py::object new_exception(py::module_& module, const char* name, const py::tuple& bases, const char* doc) {
  auto type = py::reinterpret_steal<py::object>(
      PyErr_NewExceptionWithDoc((std::string("conclave.") + name).c_str(), doc, bases.ptr(), nullptr));
  if (!type) throw py::error_already_set();
  module.attr(name) = type;
  return type;
}

}  // namespace

void bind_errors(py::module_& module) {
  const auto with = [](const py::object& base, py::handle builtin) { return py::make_tuple(base, builtin); };
  const py::object base = new_exception(module, "ConclaveError", py::make_tuple(py::handle(PyExc_Exception)),
                                        "Base of the failures that the engine reports.");
  new_exception(module, "InfrastructureError", with(base, PyExc_RuntimeError),
                "A case, configuration, log or scan could not be used. `problems` lists what is wrong, each with its place.");
  new_exception(module, "PerformanceError", with(base, PyExc_RuntimeError), "The task executor failed.");
  new_exception(module, "CircleError", with(base, PyExc_RuntimeError), "Experts or their responses could not be used.");
  const py::object security = new_exception(module, "SecurityError", with(base, PyExc_PermissionError),
                                            "Refused: no right, no consent, or a key that does not open it.");
  new_exception(module, "KeyLengthError", with(security, PyExc_ValueError), "A key for SecureVault has exactly 32 bytes.");
  new_exception(module, "SerializationError", with(base, PyExc_ValueError), "A stored or transmitted value cannot be read back.");
  new_exception(module, "CancelledError", with(base, py::module_::import("concurrent.futures").attr("CancelledError")),
                "A synchronous call whose job was stopped.");
  new_exception(module, "Cancelled", py::make_tuple(py::handle(PyExc_BaseException)),
                "Raised inside an expert that is interrupted. Not an Exception, so that `except Exception` lets it through.");
  module.attr("_kept_exceptions") = py::dict();
  module.def(
      "keep_exception", [](const py::object& error) { return keep_exception(error).script_id; }, py::arg("error"),
      "Keeps an exception while the engine carries only its number (Error::script_id).");
  module.def(
      "raise_kept",
      [](std::uint64_t script_id) {
        raise(Error{ErrorKind::script, "a script failed", {}, 0, script_id});
      },
      py::arg("script_id"), "Raises the very object again; ConclaveError if it is no longer kept.");
}

}  // namespace conclave::scripting
