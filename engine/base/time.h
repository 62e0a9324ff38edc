// Time is a signed count of microseconds since 1970-01-01T00:00:00Z, everywhere in the engine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace conclave {

using TimeUs = std::int64_t;

constexpr TimeUs us_per_second = 1'000'000;

[[nodiscard]] TimeUs now_us();

// Days since 1970-01-01 in the proleptic Gregorian calendar (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
[[nodiscard]] constexpr std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day) noexcept {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + static_cast<std::int64_t>(day_of_era) - 719468;
}

// "2026-03-01T12:00:05Z"; with microseconds only if they are not zero.
[[nodiscard]] std::string format_time(TimeUs time);

// A whole ISO 8601 date-time ("2026-03-01T12:00:05.25+01:00", "2026-03-01 12:00", "2026-03-01"); without an offset it is UTC.
// Nothing for anything else, including dates that do not exist.
[[nodiscard]] std::optional<TimeUs> parse_time(std::string_view text);

}  // namespace conclave
