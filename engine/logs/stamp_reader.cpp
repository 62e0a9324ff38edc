#include "engine/logs/stamp_reader.h"

namespace conclave::logs {
namespace {

TimeUs midnight(const Date& date) { return days_from_civil(date.year, date.month, date.day) * us_per_day; }

// The latest year in which month, day and time of day are not more than a day after `reference`.
TimeUs infer_year(Date date, TimeUs time_of_day, TimeUs reference) {
  constexpr std::int64_t average_year = 31'556'952 * us_per_second;
  const int latest = 1971 + static_cast<int>(reference / average_year);
  for (date.year = latest; date.year > latest - 12; --date.year) {
    if (!exists(date)) continue;
    const TimeUs time = midnight(date) + time_of_day;
    if (time <= reference + us_per_day) return time;
  }
  return midnight({latest, date.month, date.day}) + time_of_day;
}

constexpr char lower(char c) { return is_upper(c) ? static_cast<char>(c | 0x20) : c; }

}  // namespace

bool exists(const Date& date) {
  constexpr std::array<unsigned, 13> days = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (date.month < 1 || date.month > 12 || date.day < 1 || date.day > days[date.month]) return false;
  if (date.month != 2 || date.day < 29 || date.year == 0) return true;
  return date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
}

unsigned month_of(std::string_view name) {
  constexpr std::string_view names = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const bool capitals = is_upper(name[1]) && is_upper(name[2]);
  const std::array<char, 3> folded = {name[0], capitals ? lower(name[1]) : name[1], capitals ? lower(name[2]) : name[2]};
  for (unsigned month = 0; month < 12; ++month) {
    if (names.compare(std::size_t{3} * month, 3, folded.data(), 3) == 0) return month + 1;
  }
  return 0;
}

bool is_weekday(std::string_view name) {
  constexpr std::string_view names = "MonTueWedThuFriSatSun";
  const std::size_t at = names.find(name);
  return at != std::string_view::npos && at % 3 == 0;
}

std::size_t StampReader::digits() const {
  std::size_t count = 0;
  while (count < 20 && is_digit(peek(count))) ++count;
  return count;
}

bool StampReader::follows(std::string_view word, std::size_t ahead) const {
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (peek(ahead + i) != word[i]) return false;
  }
  return true;
}

bool StampReader::take(char wanted) {
  if (peek() != wanted || at_ >= text_.size()) return false;
  ++at_;
  return true;
}

bool StampReader::take_spaces() {
  const std::size_t before = at_;
  while (peek() == ' ') ++at_;
  return at_ != before;
}

bool StampReader::take_number(std::size_t least, std::size_t most, unsigned& out) {
  unsigned value = 0;
  std::size_t count = 0;
  while (count < most && is_digit(peek(count))) value = value * 10 + static_cast<unsigned>(peek(count++) - '0');
  if (count < least) return false;
  at_ += count;
  out = value;
  return true;
}

bool StampReader::take_year(Date& date) {
  unsigned year = 0;
  if (!take_number(4, 4, year)) return false;
  date.year = static_cast<int>(year);
  return year != 0 || refuse();
}

bool StampReader::take_month_name(Date& date) {
  peek(2);
  if (at_ + 3 > text_.size()) return false;
  date.month = month_of(text_.substr(at_, 3));
  if (date.month == 0) return false;
  at_ += 3;
  return true;
}

bool StampReader::take_clock(TimeUs& out, char separator, bool narrow) {
  const std::size_t before = at_;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  const std::size_t least = narrow ? 1 : 2;
  ClockPlace place;
  const auto number = [&](unsigned& value, std::uint8_t& begin, std::uint8_t& width) {
    const std::size_t from = at_;
    begin = static_cast<std::uint8_t>(from);
    if (!take_number(least, 2, value)) return false;
    width = static_cast<std::uint8_t>(at_ - from);
    return true;
  };
  const bool read = number(hour, place.hour, place.hour_width) && take(separator) &&
                    number(minute, place.minute, place.minute_width) && take(separator) &&
                    number(second, place.second, place.second_width) && !is_digit(peek());
  if (!read || ((hour > 23 || minute > 59 || second > 60) && !refuse())) {
    at_ = before;
    return false;
  }
  place.end = static_cast<std::uint8_t>(at_);
  place.known = before < 200;
  clock_ = place;
  out = (static_cast<TimeUs>(hour) * 3600 + minute * 60 + second) * us_per_second;
  if ((peek() == '.' || peek() == ',') && is_digit(peek(1))) {
    take_fraction(out, false);
  } else if (narrow && peek() == ':' && is_digit(peek(1))) {
    take_fraction(out, true);
  }
  return true;
}

bool StampReader::take_packed_clock(TimeUs& out) {
  const std::size_t before = at_;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  if (!take_number(2, 2, hour) || !take_number(2, 2, minute) || !take_number(2, 2, second) ||
      ((hour > 23 || minute > 59 || second > 60) && !refuse())) {
    at_ = before;
    return false;
  }
  const auto place = [&](std::size_t offset) { return static_cast<std::uint8_t>(before + offset); };
  clock_ = {.known = before < 200, .hour = place(0), .minute = place(2), .second = place(4), .end = place(6)};
  out = (static_cast<TimeUs>(hour) * 3600 + minute * 60 + second) * us_per_second;
  return true;
}

// Behind '.', ',' or ':'. Beyond microseconds digits are cut off.
void StampReader::take_fraction(TimeUs& out, bool milliseconds) {
  ++at_;
  const std::size_t begin = at_;
  TimeUs value = 0;
  std::size_t count = 0;
  const std::size_t most = milliseconds ? 3 : 6;
  while (count < most && is_digit(peek(count))) value = value * 10 + (peek(count++) - '0');
  at_ += count;
  TimeUs scale = 1000;
  if (!milliseconds) {
    while (is_digit(peek())) ++at_;
    constexpr std::array<TimeUs, 7> scales = {0, 100'000, 10'000, 1000, 100, 10, 1};
    scale = scales[count];
  }
  out += value * scale;
  if (!clock_.known || at_ > 200) {
    clock_.known = false;
    return;
  }
  clock_.fraction = static_cast<std::uint8_t>(begin);
  clock_.fraction_digits = static_cast<std::uint8_t>(count);
  clock_.fraction_scale = static_cast<std::uint32_t>(scale);
  clock_.end = static_cast<std::uint8_t>(at_);
}

void StampReader::take_offset(TimeUs& time) {
  if (take('Z') || take('z')) {
    zoned_ = true;
    return;
  }
  const std::size_t skip = peek() == ' ' ? 1 : 0;
  if (skip == 1 && (follows("UTC", 1) || follows("GMT", 1)) && !is_letter(peek(4)) && !is_digit(peek(4))) {
    zoned_ = true;
    return;
  }
  const char sign = peek(skip);
  const auto digit = [&](std::size_t i) { return is_digit(peek(skip + i)); };
  if ((sign != '+' && sign != '-') || !digit(1) || !digit(2)) return;
  const bool colon = peek(skip + 3) == ':';
  const std::size_t minutes = skip + 3 + (colon ? 1 : 0);
  const bool full = is_digit(peek(minutes)) && is_digit(peek(minutes + 1)) && !is_digit(peek(minutes + 2));
  if (!full && (skip == 1 || colon || digit(3))) return;
  const auto value = [&](std::size_t i) { return (peek(i) - '0') * 10 + (peek(i + 1) - '0'); };
  const int hours = value(skip + 1);
  const int offset = hours * 60 + (full ? value(minutes) : 0);
  clock_.known = clock_.known && hours <= 14;
  if (hours > 14) return;
  time -= (sign == '-' ? -1 : 1) * static_cast<TimeUs>(offset) * 60 * us_per_second;
  at_ += full ? minutes + 2 : skip + 3;
  zoned_ = true;
}

bool StampReader::take_half_day(TimeUs& time_of_day) {
  const char half = peek(1);
  if (peek() != ' ' || (half != 'A' && half != 'P') || peek(2) != 'M' || is_letter(peek(3))) return false;
  clock_.known = false;  // the hour is more than its digits
  constexpr TimeUs twelve = 12 * 3600 * us_per_second;
  if (time_of_day >= twelve) time_of_day -= twelve;
  if (half == 'P') time_of_day += twelve;
  at_ += 3;
  return true;
}

std::optional<Stamp> StampReader::finish(StampFormat format, const Date& date, TimeUs time_of_day) {
  if (!exists(date)) {
    refuse();
    return std::nullopt;
  }
  if (date.year != 0) return Stamp{midnight(date) + time_of_day, format, zoned_};
  const TimeUs time = infer_year(date, time_of_day, reference_);
  // Early and late hours of this day may belong to different years.
  if (infer_year(date, us_per_day - 1, reference_) - infer_year(date, 0, reference_) >= us_per_day ||
      infer_year(date, us_per_day - 1, reference_) < infer_year(date, 0, reference_)) {
    clock_.known = false;
  }
  return Stamp{time, format, zoned_};
}

}  // namespace conclave::logs
