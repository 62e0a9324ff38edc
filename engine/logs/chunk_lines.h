// Where the lines of a chunk are. Internal to the room.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

namespace conclave::logs {

// Lines count from 0. Borrows the bytes.
class ChunkLines {
 public:
  explicit ChunkLines(std::string_view chunk) : chunk_(chunk) {
    for (std::size_t at = 0; at < chunk.size();) {
      begins_.push_back(at);
      const void* found = std::memchr(chunk.data() + at, '\n', chunk.size() - at);
      at = found == nullptr ? chunk.size() : static_cast<std::size_t>(static_cast<const char*>(found) - chunk.data()) + 1;
    }
  }
  [[nodiscard]] std::size_t size() const { return begins_.size(); }
  [[nodiscard]] std::size_t begin(std::size_t line) const { return begins_[line]; }
  [[nodiscard]] std::size_t end(std::size_t line) const { return line + 1 < begins_.size() ? begins_[line + 1] : chunk_.size(); }
  // Without its end: LF, and a CR before it.
  [[nodiscard]] std::string_view text(std::size_t line) const {
    std::string_view text = chunk_.substr(begins_[line], end(line) - begins_[line]);
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    return text;
  }
  // The line that holds the byte at `offset`, which is at most the size of the chunk.
  [[nodiscard]] std::size_t at(std::size_t offset) const {
    return static_cast<std::size_t>(std::upper_bound(begins_.begin(), begins_.end(), offset) - begins_.begin()) - 1;
  }

 private:
  std::string_view chunk_;
  std::vector<std::size_t> begins_;
};

}  // namespace conclave::logs
