// CircleConfig as scripts have it.
#pragma once

#include <pybind11/pybind11.h>

#include <utility>

#include "engine/consensus/response.h"

namespace conclave::scripting {

// The embedding may be a function of theirs instead of the name of a plugin; the engine gets the base alone. Needs the GIL.
struct ScriptCircle : consensus::CircleConfig {
  ScriptCircle() = default;
  explicit ScriptCircle(consensus::CircleConfig config) : CircleConfig(std::move(config)) {}
  pybind11::object function;  // null: none
};

}  // namespace conclave::scripting
