// How a log writes letters.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace conclave::logs {

enum class Encoding : std::uint8_t {
  utf8,
  latin1,  // read as Windows-1252, which has letters where Latin-1 has control characters, as the WHATWG's Encoding Standard does
  utf16le,  // with a byte order mark
  utf16be,
};
[[nodiscard]] std::string_view encoding_name(Encoding encoding);  // "utf-8", "latin-1", "utf-16le", "utf-16be"

// Of bytes that are not UTF-16: UTF-8 unless a sample from everywhere in them has more that is no UTF-8 than multi-byte
// characters of it. What has NUL bytes is not guessed at. Looks at 1 MiB at most.
[[nodiscard]] Encoding encoding_of(std::string_view bytes);

// Each byte as the character it is in Windows-1252; U+FFFD for the five that are none.
[[nodiscard]] std::string latin1_to_utf8(std::string_view bytes);

}  // namespace conclave::logs
