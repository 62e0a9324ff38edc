#include "scripting/bindings/evidence_cast.h"

#include <memory>
#include <string>

namespace conclave::scripting {

namespace py = pybind11;

py::object to_python(const EvidencePtr& evidence) {
  if (!evidence) return py::none();
  return py::cast(std::const_pointer_cast<Evidence>(evidence));
}

EvidencePtr evidence_from_python(py::handle value) {
  if (py::isinstance<Evidence>(value)) return py::cast<std::shared_ptr<Evidence>>(value);
  if (py::hasattr(value, "core")) {
    const py::object core = value.attr("core");
    if (py::isinstance<Evidence>(core)) return py::cast<std::shared_ptr<Evidence>>(core);
  }
  throw py::type_error(std::string("evidence must be conclave.Evidence, not ") + Py_TYPE(value.ptr())->tp_name);
}

}  // namespace conclave::scripting
