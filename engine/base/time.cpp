#include "engine/base/time.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace conclave {
namespace {

// Reads exactly `digits` decimal digits.
bool take_number(std::string_view& text, std::size_t digits, int& out) {
  if (text.size() < digits) return false;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  out = value;
  text.remove_prefix(digits);
  return true;
}

bool take_char(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

bool valid_date(int year, int month, int day) {
  using namespace std::chrono;
  return year_month_day{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                        std::chrono::day{static_cast<unsigned>(day)}}
      .ok();
}

// A fraction of a second, in microseconds; further digits are dropped.
int take_fraction(std::string_view& text) {
  int value = 0;
  int scale = 100'000;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    value += (text.front() - '0') * scale;
    scale /= 10;
    text.remove_prefix(1);
  }
  return value;
}

// "Z", "+hh:mm", "-hhmm" or nothing; the offset in seconds.
bool take_offset(std::string_view& text, int& seconds) {
  seconds = 0;
  if (text.empty() || take_char(text, 'Z') || take_char(text, 'z')) return true;
  const int sign = text.front() == '-' ? -1 : 1;
  if (!take_char(text, '+') && !take_char(text, '-')) return false;
  int hours = 0;
  int minutes = 0;
  if (!take_number(text, 2, hours)) return false;
  take_char(text, ':');
  if (!text.empty() && !take_number(text, 2, minutes)) return false;
  if (hours > 23 || minutes > 59) return false;
  seconds = sign * (hours * 3600 + minutes * 60);
  return true;
}

}  // namespace

TimeUs now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string format_time(TimeUs time) {
  using namespace std::chrono;
  const sys_time<microseconds> point{microseconds{time}};
  const auto day = floor<days>(point);
  const year_month_day date{day};
  const hh_mm_ss clock{point - day};
  std::array<char, 64> buffer{};
  int size = std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02ld:%02ld:%02ld", static_cast<int>(date.year()),
                           static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                           static_cast<long>(clock.hours().count()), static_cast<long>(clock.minutes().count()),
                           static_cast<long>(clock.seconds().count()));
  std::string text(buffer.data(), static_cast<std::size_t>(size));
  if (const auto rest = clock.subseconds().count(); rest != 0) {
    size = std::snprintf(buffer.data(), buffer.size(), ".%06ld", static_cast<long>(rest));
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return text + "Z";
}

std::optional<TimeUs> parse_time(std::string_view text) {
  int year = 0;
  int month = 0;
  int day = 0;
  if (!take_number(text, 4, year) || !take_char(text, '-') || !take_number(text, 2, month) || !take_char(text, '-') ||
      !take_number(text, 2, day) || !valid_date(year, month, day)) {
    return std::nullopt;
  }
  int hour = 0;
  int minute = 0;
  int second = 0;
  int micro = 0;
  int offset = 0;
  if (!text.empty()) {
    if (!take_char(text, 'T') && !take_char(text, 't') && !take_char(text, ' ')) return std::nullopt;
    if (!take_number(text, 2, hour) || !take_char(text, ':') || !take_number(text, 2, minute)) return std::nullopt;
    if (take_char(text, ':')) {
      if (!take_number(text, 2, second)) return std::nullopt;
      if (take_char(text, '.') || take_char(text, ',')) micro = take_fraction(text);
    }
    take_char(text, ' ');
    if (!take_offset(text, offset) || !text.empty() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  }
  const std::int64_t days = days_from_civil(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
  return (days * 86400 + hour * 3600 + minute * 60 + second - offset) * us_per_second + micro;
}

}  // namespace conclave
