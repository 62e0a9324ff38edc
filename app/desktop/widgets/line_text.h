// A line of a log as it can be painted: whatever its bytes are, one row of visible characters.
#pragma once

#include <QString>
#include <string_view>

namespace conclave::desktop {

inline constexpr std::size_t most_shown_bytes = 10'000;  // of a line

struct LineText {
  QString text;
  bool isAscii = true;          // one cell per character in a fixed font
  std::size_t plainPrefix = 0;  // so many bytes at the start stand for as many characters
};

// Tabs go to the next multiple of 8 columns; control characters become their Unicode pictures, so that a NUL or an escape is
// seen and nothing can move the cursor; bytes that are not UTF-8 and characters that change the direction of text become U+FFFD.
[[nodiscard]] LineText lineText(std::string_view bytes);

}  // namespace conclave::desktop
