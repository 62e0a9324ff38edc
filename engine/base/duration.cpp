#include "engine/base/duration.h"

#include <array>
#include <charconv>
#include <string>
#include <utility>

namespace conclave {

Result<TimeUs> parse_duration(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> units = {
      {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}}};
  constexpr std::int64_t longest = std::int64_t{1000} * 366 * 86400;
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& [name, seconds] : units) {
    if (error == std::errc{} && unit == name && number >= 0 && number <= longest / seconds)
      return number * seconds * us_per_second;
  }
  return fail(ErrorKind::invalid_argument, "'" + std::string(text) + "' is not an age; write 30d, 12h, 15min, 90s or 8w");
}

}  // namespace conclave
