// What a failed connect says about the target.
#pragma once

#include <string>

#include "engine/scan/scanner.h"

namespace conclave::scan {

struct Cause {
  State state = State::closed;
  std::string detail;
};

// From the errno of connect() or SO_ERROR.
[[nodiscard]] Cause cause_of(int os_error);
// The same, made more precise by the ICMP message in the socket's error queue, if one came (see ask_for_icmp).
[[nodiscard]] Cause cause_of(int os_error, int fd);

// Makes the kernel keep ICMP errors for `fd` (IP_RECVERR, no rights needed).
void ask_for_icmp(int fd, bool v6);

// A connection to a free port of this machine can meet itself: the kernel picks the very port as its source.
[[nodiscard]] bool is_self_connected(int fd);

// Errors that say only that this machine ran short: try again later.
[[nodiscard]] bool is_shortage(int os_error);

}  // namespace conclave::scan
