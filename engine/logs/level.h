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
// "level=info", "E/", syslog "<3>", klog "E0301"); of a JSON object its field of such a name, or what the header of the message
// in it says. `unknown` if it declares none; the message body is never guessed from.
[[nodiscard]] Level level_of(std::string_view line);

// What a field says that is there to say it: "warn", "INFO"; 'W'; Bunyan's and pino's "30"; syslog's '4'.
[[nodiscard]] Level level_of_word(std::string_view word);
[[nodiscard]] Level level_of_letter(char letter);
[[nodiscard]] Level level_of_number(std::string_view number);
[[nodiscard]] Level level_of_severity(char digit);

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
