// How many sockets a scan may have open at once.
#pragma once

#include <cstddef>

namespace conclave::scan {

// Gives the calling thread a table of descriptors of its own, with only /dev/null as 0, 1 and 2 in it, so that it can open as
// many as the limit allows beside the rest of the program, and keeps no pipe of the program open. False where that is forbidden.
[[nodiscard]] bool take_own_descriptors();

[[nodiscard]] std::size_t descriptor_limit();   // of one table
[[nodiscard]] std::size_t spare_descriptors();  // of the calling thread's, without starving the rest of the program

// Sockets under way that the kernel's memory has room for; at least 1,000.
[[nodiscard]] std::size_t sockets_in_memory();

}  // namespace conclave::scan
