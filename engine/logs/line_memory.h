// Lines that differ only in their digits are taken apart once. Internal to the room.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/logs/header_memo.h"
#include "engine/logs/level.h"
#include "engine/logs/shape.h"
#include "engine/logs/timestamp.h"

namespace conclave::logs {

// What a line of a kind has been found to be. All of it holds for each line that has the same stamp place and, but for the values
// of digits, the same bytes.
struct KnownLine {
  std::uint64_t hash = 0;
  std::string_view text;  // of the first one, in the log; empty if nothing is known
  std::uint32_t stamp_begin = 0;
  std::uint32_t stamp_end = 0;
  std::uint32_t message_begin = 0;
  std::uint32_t message_size = 0;
  StampFormat format = StampFormat::none;
  Level level = Level::unknown;
  bool varies = false;       // with the values of digits: only text is of use
  std::uint32_t number = 0;  // of its shape in the part `part`
  std::uint64_t part = 0;
  std::string shape;
  std::vector<ShapeParameter> parameters;
};

// A cache of as many kinds as it has places, for lines of logs that stay where they are. One thread at a time.
class LineMemory {
 public:
  LineMemory() : places_(place_count) {}

  // The place for such lines: a kind that is known if its text is not empty, else for the caller to fill in with what does not
  // depend on digits. Null if such a line is not to be remembered.
  [[nodiscard]] KnownLine* find(std::string_view line, const Header& header);

 private:
  static constexpr std::size_t place_count = std::size_t{1} << 15U;
  std::vector<KnownLine> places_;
};

}  // namespace conclave::logs
