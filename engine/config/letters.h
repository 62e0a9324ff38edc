// Names as they are compared and shown.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>

#include "engine/base/text.h"

namespace conclave::config {

[[nodiscard]] inline std::string lowered(std::string_view text) {
  std::string low(text);
  std::ranges::transform(low, low.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return low;
}

[[nodiscard]] inline bool ends_with_any(std::string_view text, std::initializer_list<std::string_view> ends) {
  return std::ranges::any_of(ends, [&](std::string_view end) { return text.ends_with(end); });
}

// In quotes, and short enough for a message: a name may be as long as its file.
[[nodiscard]] inline std::string shown_name(std::string_view name) {
  constexpr std::size_t longest = 60;
  return name.size() <= longest ? "'" + std::string(name) + "'" : "'" + valid_utf8(name.substr(0, longest)) + "...'";
}

}  // namespace conclave::config
