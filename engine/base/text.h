// Text that leaves the program: valid UTF-8, and suggestions for what was probably meant.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace conclave {

// The same text with every invalid UTF-8 sequence replaced by U+FFFD, so that JSON, SQLite and Qt accept it.
[[nodiscard]] std::string valid_utf8(std::string_view bytes);

// Offset of the first invalid UTF-8 sequence, npos if there is none.
[[nodiscard]] std::size_t find_invalid_utf8(std::string_view bytes);

// Levenshtein distance in bytes in which two neighbours swapped count once (optimal string alignment); stops early and returns
// limit + 1 when it is larger than `limit`.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

// "; did you mean 'replicas'?" for the nearest of `known` if it is near enough, else empty.
[[nodiscard]] std::string did_you_mean(std::string_view wrong, std::span<const std::string_view> known);

}  // namespace conclave
