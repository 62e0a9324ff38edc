// Bytes that may be no UTF-8, such as those of paths, on their way through JSON: a character for each, of its number.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace conclave {

[[nodiscard]] std::string bytes_as_text(std::string_view bytes);
// And back; nothing if there are other characters in it. `text` is valid UTF-8.
[[nodiscard]] std::optional<std::string> text_as_bytes(std::string_view text);

}  // namespace conclave
