// The part of the room security that keeps secrets.
#pragma once

#include <pybind11/pybind11.h>

namespace conclave::scripting {

void bind_vault(pybind11::module_& module);  // called by bind_security()

}  // namespace conclave::scripting
