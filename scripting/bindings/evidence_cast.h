// Evidence across the border. The engine shares it as const; pybind11 holds it as a shared_ptr without const: this is the one
// place that knows, and no method that could change it is bound. Needs the GIL.
#pragma once

#include <pybind11/pybind11.h>

#include "engine/case/evidence.h"

namespace conclave::scripting {

// A conclave._core.Evidence. The module must have been imported.
[[nodiscard]] pybind11::object to_python(const EvidencePtr& evidence);

// From a conclave._core.Evidence or the conclave.Evidence around one (its attribute `core`); TypeError otherwise.
[[nodiscard]] EvidencePtr evidence_from_python(pybind11::handle value);

}  // namespace conclave::scripting
