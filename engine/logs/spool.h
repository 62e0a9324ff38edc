// What can be read only once, kept where it can be mapped. Internal to the room, but for write_all().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/logs/descriptor.h"
#include "engine/logs/unpack.h"

namespace conclave::logs {

// `what` and `name` are for errors: "cannot keep it", and of what.
[[nodiscard]] Result<void> write_all(int file, std::string_view bytes, const std::string& what, const std::string& name);

inline constexpr const char* no_spool = "cannot keep it in the folder for temporary files ($TMPDIR)";

// A temporary file that has no name, so that it is gone with its last user however the program ends. In memory where no such file
// can be made, as in the workers of experts, and of at most max_unpacked_bytes then. `name` is for errors. Not shared between
// threads.
class Spool {
 public:
  Spool(std::uint64_t max_bytes, std::string name);
  [[nodiscard]] Result<void> add(std::string_view bytes);  // ErrorKind::limit beyond `max_bytes`
  // One of the two has what was added.
  [[nodiscard]] Descriptor take_file() { return std::move(file_); }
  [[nodiscard]] GrowingMemory take_memory() { return std::move(memory_); }

 private:
  Descriptor file_;
  GrowingMemory memory_;
  std::uint64_t left_ = 0;
  std::uint64_t max_bytes_ = 0;
  std::string name_;
};

// Reads `file` (pipe, socket, terminal; also without blocking) to its end into such a file; kind io if there is no place for one.
// Answers a stop within 50 ms. Any thread; does not close `file`.
[[nodiscard]] Result<Descriptor> spool(int file, std::uint64_t max_bytes, const std::string& name, Job& job);

}  // namespace conclave::logs
