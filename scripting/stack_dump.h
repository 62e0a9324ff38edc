// The Python stack of the script thread, also while C code holds the GIL.
//
// faulthandler walks the frames of a thread inside a signal handler on that very thread, without the GIL and without allocating,
// and writes them to a descriptor: here to memory. Measured in milliseconds even in the middle of a regular expression that
// backtracks for minutes.
#pragma once

#include <pthread.h>

#include <string>

#include "engine/base/error.h"

namespace conclave::scripting {

// Once per process, on the script thread, with the GIL. A failure only costs the stacks.
void install_stack_dump();

// As faulthandler writes it (see stack_text.h). Any thread but the script thread, without the GIL; waits at most a second. Kind
// unsupported if the thread does not answer to signals.
[[nodiscard]] Result<std::string> dump_stack(pthread_t script_thread);

}  // namespace conclave::scripting
