// What workers of a plain Python run in, and the pool they share. Needs the GIL.
#pragma once

#include "scripting/worker/worker_pool.h"

namespace conclave::scripting {

[[nodiscard]] WorkerPython this_python();
// Starts with the first call and lives as long as the process. A forked child makes one of its own.
[[nodiscard]] WorkerPool& worker_pool();

}  // namespace conclave::scripting
