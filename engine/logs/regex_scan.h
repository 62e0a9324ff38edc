// Regular expressions over many lines at once, to find the few lines in which one may match. Internal to the room.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/logs/chunk_lines.h"
#include "engine/logs/expression.h"
#include "engine/logs/line_bits.h"

namespace conclave::logs {

// Immutable; any thread.
class RegexScan {
 public:
  // Whether this machine can (Hyperscan needs SSSE3).
  [[nodiscard]] static bool possible();
  // Those of `patterns` that can be scanned for; which ones, known() says.
  explicit RegexScan(const std::vector<TextPattern>& patterns);
  ~RegexScan();
  RegexScan(const RegexScan&) = delete;
  RegexScan& operator=(const RegexScan&) = delete;

  [[nodiscard]] bool known(std::size_t pattern) const;
  // Sets in candidates[i] at least the lines that pattern i matches, for known patterns. False if it cannot be said of this
  // chunk.
  [[nodiscard]] bool scan(std::string_view chunk, const ChunkLines& lines, std::span<LineBits> candidates) const;

 private:
  struct Database;
  std::unique_ptr<Database> database_;  // null if no pattern is known
  std::vector<bool> known_;
};

}  // namespace conclave::logs
