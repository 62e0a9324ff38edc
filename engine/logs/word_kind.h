// What kind of parameter a word is by itself. Internal to the room.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/logs/parameters.h"

namespace conclave::logs {

// One bit each, so that the bytes of a word can be summed up in one look.
enum ByteClass : std::uint8_t {
  byte_blank = 1,
  byte_sign = 2,  // splits words and stays
  byte_digit = 4,
  byte_lower = 8,
  byte_upper = 16,
  byte_slash = 32,
  byte_dot = 64,
  byte_rare = 128,  // \ @ * ~
};
extern const std::array<std::uint8_t, 256> byte_classes;
[[nodiscard]] inline std::uint8_t class_of(char c) { return byte_classes[static_cast<unsigned char>(c)]; }

// `classes`: those of its bytes. `first`: the word begins its message; `next`: the two bytes behind it. Nothing for a word that
// may be part of the text.
[[nodiscard]] std::optional<ParameterKind> kind_of_word(std::string_view word, std::uint8_t classes, bool first,
                                                        std::string_view next);

// End of the address of hexadecimal groups joined by ':' (MAC, EUI, IPv6) that begins at `at`; 0 if there is none.
[[nodiscard]] std::size_t hex_groups_end(std::string_view text, std::size_t at);
// End of "[fe80::1]" at `at`; 0 if it is something else.
[[nodiscard]] std::size_t bracketed_address_end(std::string_view text, std::size_t at);
// End of "[40-63,70]" at `at`, the numbers of a range of hosts; 0 if it is something else.
[[nodiscard]] std::size_t host_range_end(std::string_view text, std::size_t at);
// End of the blank and the unit ("KB", "MiB") behind a number that ends at `at`; `at` if there is none.
[[nodiscard]] std::size_t byte_unit_end(std::string_view text, std::size_t at);
// End of "<1 sec" at `at`; 0 if it is something else.
[[nodiscard]] std::size_t less_than_time_end(std::string_view text, std::size_t at);
[[nodiscard]] bool is_calendar_word(std::string_view word);
[[nodiscard]] bool is_time_zone(std::string_view word);
// true, off, null and the like: what a key may have for a value.
[[nodiscard]] bool is_plain_value(std::string_view word);

}  // namespace conclave::logs
