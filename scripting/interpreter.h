// Starting CPython. It is never finalised: see ScriptHost::exit().
#pragma once

#include <filesystem>

#include "engine/base/error.h"

namespace conclave::scripting {

// Starts Debian's Python on the calling thread, which thereby becomes Python's main thread and holds the GIL; the environment
// (PYTHONHOME, PYTHONPATH, user site) is ignored. Once per process: a second call is an error. `package_folder` holds the package
// `conclave` and goes first on sys.path.
[[nodiscard]] Result<void> start_interpreter(const std::filesystem::path& package_folder);

}  // namespace conclave::scripting
