// Compressed logs, unpacked into memory. Internal to the room.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/job.h"

namespace conclave::logs {

// Anonymous memory that grows without being copied and without needing twice its size. Movable, not shared.
class GrowingMemory {
 public:
  GrowingMemory() = default;
  GrowingMemory(GrowingMemory&& other) noexcept;
  GrowingMemory& operator=(GrowingMemory&& other) noexcept;
  ~GrowingMemory();

  [[nodiscard]] bool append(const void* bytes, std::size_t size);  // false: out of memory
  [[nodiscard]] std::string_view view() const noexcept { return {data_, size_}; }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// "gzip", "xz", ... by the first bytes of a file; empty if it is none of those that unpack() reads.
[[nodiscard]] std::string_view compression_of(std::string_view first_bytes);

struct Unpacked {
  GrowingMemory bytes;
  std::optional<Error> problem;  // cut off or damaged; `bytes` is what came before
};

// Unpacks `packed`, of which compression_of() is not empty. ErrorKind::limit if it becomes more than `max_bytes`.
[[nodiscard]] Result<Unpacked> unpack(std::string_view packed, std::uint64_t max_bytes, const std::string& name, Job& job);

}  // namespace conclave::logs
