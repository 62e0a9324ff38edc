// Plugins across the border, as the info dicts of conclave/_runner.py. Needs the GIL.
#pragma once

#include <pybind11/pybind11.h>

#include "scripting/plugin_catalog.h"

namespace conclave::scripting {

[[nodiscard]] pybind11::dict to_python(const PluginInfo& plugin);
// Of a dict made by to_python(); other keys are left alone. KeyError, TypeError or ValueError name what is wrong.
[[nodiscard]] PluginInfo plugin_from_python(const pybind11::dict& info);

}  // namespace conclave::scripting
