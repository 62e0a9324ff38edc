// A read-only mapping of a file that survives the file becoming shorter. Internal to the room.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace conclave::logs {

// Reading a mapped page that the file no longer has raises SIGBUS. A handler, installed with the first mapping, puts zero pages
// over the hole and lets the read go on; for foreign addresses it calls the handler that was there before.
// Any thread. Owns mapping and descriptor; views die with it.
class GuardedMap {
 public:
  // Maps the first `size` > 0 bytes of `file`, whose ownership it takes also when it fails.
  [[nodiscard]] static Result<std::unique_ptr<GuardedMap>> map(int file, std::size_t size, const std::string& name);
  GuardedMap(const GuardedMap&) = delete;
  GuardedMap& operator=(const GuardedMap&) = delete;
  ~GuardedMap();

  [[nodiscard]] std::string_view view() const noexcept;
  // The file has become shorter than the mapping, or a page could not be read.
  [[nodiscard]] bool shrank() const noexcept;

 private:
  explicit GuardedMap(std::size_t slot) : slot_(slot) {}
  std::size_t slot_;  // in the table that the signal handler reads
};

// For what a library maps: as long as one lives, a page of any mapping that this thread cannot read becomes a page of zeros.
// Belongs to the thread that made it.
class GuardedReading {
 public:
  GuardedReading();
  GuardedReading(const GuardedReading&) = delete;
  GuardedReading& operator=(const GuardedReading&) = delete;
  ~GuardedReading();
  [[nodiscard]] bool found_hole() const noexcept;

 private:
  unsigned holes_before_;
};

}  // namespace conclave::logs
