// How a log writes letters.
#pragma once

#include <cstddef>
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

// What bytes that are not UTF-16 are written in, as more and more of them is seen: UTF-8 unless they have more that is no UTF-8
// than multi-byte characters of it. What has NUL bytes is not guessed at.
class EncodingEvidence {
 public:
  void add(std::string_view piece);  // whole lines, or at least whole characters
  [[nodiscard]] Encoding verdict() const { return !binary_ && invalid_ > characters_ ? Encoding::latin1 : Encoding::utf8; }

 private:
  std::size_t characters_ = 0;  // of several bytes
  std::size_t invalid_ = 0;
  bool binary_ = false;
};

// That of a sample from everywhere in them, 1 MiB at most.
[[nodiscard]] Encoding encoding_of(std::string_view bytes);

// Valid UTF-8 of bytes of a log in that encoding; what is no character becomes U+FFFD. A piece of a Latin-1 log that is UTF-8
// stays so: several programs may write one log.
[[nodiscard]] std::string letters_of(std::string_view bytes, Encoding encoding);

// Each byte as the character it is in Windows-1252; U+FFFD for the five that are none.
[[nodiscard]] std::string latin1_to_utf8(std::string_view bytes);

}  // namespace conclave::logs
