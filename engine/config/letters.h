// Small letters of ASCII, for names whose case says nothing.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>

namespace conclave::config {

[[nodiscard]] inline std::string lowered(std::string_view text) {
  std::string low(text);
  std::ranges::transform(low, low.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return low;
}

[[nodiscard]] inline bool ends_with_any(std::string_view text, std::initializer_list<std::string_view> ends) {
  return std::ranges::any_of(ends, [&](std::string_view end) { return text.ends_with(end); });
}

}  // namespace conclave::config
