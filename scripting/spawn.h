// Starts programs that share nothing with this one but what they are handed.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "scripting/worker/descriptor.h"

namespace conclave::scripting {

// The same file under a number that a child is not given anew: this process may have been started with 0 to 2 closed. Not valid
// if `file` is not.
[[nodiscard]] Descriptor out_of_the_way(Descriptor file);

// arguments[0], a path, with descriptors 0, 1, ... as in `files` (each out of the way) and no others, these variables, signals as
// they are by default, in a process group of its own: Ctrl-C in the terminal is not its business. Kind io. To be waited for.
[[nodiscard]] Result<pid_t> spawn(std::vector<std::string> arguments, std::vector<std::string> variables,
                                  std::span<const int> files);

}  // namespace conclave::scripting
