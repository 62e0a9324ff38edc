// Line number <-> byte offset, in a fraction of a byte per line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"

namespace conclave::logs {

// Lines are 1-based and end at LF; a CR before it is not part of the line; a last line without LF counts.
// The index stores the number of lines before every 4 KiB block: 8 bytes per 4 KiB, 0.27 bytes per average line.
// Immutable after build(); any thread. Holds no reference to the bytes: the caller passes the same view again.
class LineIndex {
 public:
  LineIndex() = default;
  [[nodiscard]] static Result<LineIndex> build(std::string_view bytes, Job& job);

  [[nodiscard]] std::uint64_t line_count() const noexcept { return line_count_; }
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return lines_before_block_.capacity() * sizeof(std::uint64_t); }
  // The text of line `number` without its end; empty view if there is no such line.
  [[nodiscard]] std::string_view line(std::string_view bytes, std::uint64_t number) const;
  [[nodiscard]] std::uint64_t offset_of(std::string_view bytes, std::uint64_t number) const;
  [[nodiscard]] std::uint64_t line_at(std::string_view bytes, std::uint64_t offset) const;

 private:
  std::vector<std::uint64_t> lines_before_block_;
  std::uint64_t line_count_ = 0;
};

}  // namespace conclave::logs
