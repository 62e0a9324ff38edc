// How grave a log line says it is.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace conclave::logs {

enum class Level : std::uint8_t { unknown, trace, debug, info, warning, error, fatal };
inline constexpr std::size_t level_count = 7;

[[nodiscard]] std::string_view level_name(Level level);

// The level a line declares: a level word in the first 128 bytes that stands where headers have it ("ERROR", "[warn]",
// "level=info", "E/", syslog "<3>", klog "E0301"). `unknown` if it declares none; the message body is never guessed from.
[[nodiscard]] Level level_of(std::string_view line);

struct LocatedLevel {
  Level level = Level::unknown;
  std::size_t end = 0;  // offset behind the level and its closing bracket; 0 if there is none or it is inside a record (JSON)
};
[[nodiscard]] LocatedLevel locate_level(std::string_view line);

// The same, and what it rests on: except for the values of digits, which count only if `by_value`, the shape of the line.
struct LevelReading {
  LocatedLevel found;
  std::size_t reach = 0;  // no byte of the line from here on played a part
  bool by_value = false;
};
[[nodiscard]] LevelReading read_level(std::string_view line);

using LevelCounts = std::array<std::uint64_t, level_count>;  // indexed by Level

}  // namespace conclave::logs
