// What can be read only once, kept where it can be mapped. Internal to the room.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/logs/descriptor.h"

namespace conclave::logs {

// Reads `file` (pipe, socket, terminal; also without blocking) to its end into a temporary file that has no name, so that it is
// gone with its last user however the program ends. In memory where no such file can be made. ErrorKind::limit beyond
// `max_bytes`; answers a stop within 50 ms. Any thread; does not close `file`. `name` is for errors.
[[nodiscard]] Result<Descriptor> spool(int file, std::uint64_t max_bytes, const std::string& name, Job& job);

}  // namespace conclave::logs
