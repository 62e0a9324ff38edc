// At every place where a token begins, the first bytes decide which one or two forms are tried; each form is read digit by
// digit. A date that does not exist, or an epoch that contradicts the date beside it, is no stamp.
#include "engine/logs/timestamp.h"

#include <array>

namespace conclave::logs {
namespace {

constexpr std::size_t search_bytes = 96;
constexpr TimeUs us_per_day = 86'400 * us_per_second;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

struct Date {
  int year = 0;  // 0: the stamp has none
  unsigned month = 0;
  unsigned day = 0;
};

bool exists(const Date& date) {
  constexpr std::array<unsigned, 13> days = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (date.month < 1 || date.month > 12 || date.day < 1 || date.day > days[date.month]) return false;
  if (date.month != 2 || date.day < 29 || date.year == 0) return true;
  return date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
}

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

unsigned month_of(std::string_view name) {
  constexpr std::string_view names = "JanFebMarAprMayJunJulAugSepOctNovDec";
  for (unsigned month = 0; month < 12; ++month) {
    if (names.substr(std::size_t{3} * month, 3) == name) return month + 1;
  }
  return 0;
}

bool is_weekday(std::string_view name) {
  constexpr std::string_view names = "MonTueWedThuFriSatSun";
  const std::size_t at = names.find(name);
  return at != std::string_view::npos && at % 3 == 0;
}

// Reads one stamp from the left. Every take_ function moves on only if it succeeds.
class Reader {
 public:
  Reader(std::string_view text, TimeUs reference) : text_(text), reference_(reference) {}

  [[nodiscard]] std::size_t position() const { return at_; }
  [[nodiscard]] char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  [[nodiscard]] std::size_t digits() const {
    std::size_t count = 0;
    while (count < 20 && is_digit(peek(count))) ++count;
    return count;
  }

  bool take(char wanted) {
    if (peek() != wanted || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }

  bool take_spaces() {
    const std::size_t before = at_;
    while (peek() == ' ') ++at_;
    return at_ != before;
  }

  bool take_number(std::size_t least, std::size_t most, unsigned& out) {
    unsigned value = 0;
    std::size_t count = 0;
    while (count < most && is_digit(peek(count))) value = value * 10 + static_cast<unsigned>(peek(count++) - '0');
    if (count < least) return false;
    at_ += count;
    out = value;
    return true;
  }

  bool take_year(Date& date) {
    unsigned year = 0;
    if (!take_number(4, 4, year)) return false;
    date.year = static_cast<int>(year);
    return year != 0;
  }

  bool take_month_name(Date& date) {
    if (at_ + 3 > text_.size()) return false;
    date.month = month_of(text_.substr(at_, 3));
    if (date.month == 0) return false;
    at_ += 3;
    return true;
  }

  // hh:mm:ss with `separator`, then a fraction; `narrow` allows numbers without a leading zero.
  bool take_clock(TimeUs& out, char separator = ':', bool narrow = false) {
    const std::size_t before = at_;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
    const std::size_t least = narrow ? 1 : 2;
    if (!take_number(least, 2, hour) || !take(separator) || !take_number(least, 2, minute) || !take(separator) ||
        !take_number(least, 2, second) || hour > 23 || minute > 59 || second > 60 || is_digit(peek())) {
      at_ = before;
      return false;
    }
    out = (static_cast<TimeUs>(hour) * 3600 + minute * 60 + second) * us_per_second;
    const bool millisecond_field = narrow && peek() == ':' && is_digit(peek(1));
    if ((peek() == '.' || peek() == ',') && is_digit(peek(1))) {
      ++at_;
      out += take_fraction();
    } else if (millisecond_field) {
      ++at_;
      unsigned ms = 0;
      take_number(1, 3, ms);
      out += static_cast<TimeUs>(ms) * 1000;
    }
    return true;
  }

  TimeUs take_fraction() {
    TimeUs value = 0;
    for (TimeUs scale = 100'000; is_digit(peek()); scale /= 10) value += (text_[at_++] - '0') * scale;
    return value;
  }

  // "Z", "+01:00", " +0100", " UTC": subtracts the offset; nothing is UTC.
  void take_offset(TimeUs& time) {
    if (take('Z') || take('z')) return;
    const std::size_t skip = peek() == ' ' ? 1 : 0;
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
    if (hours > 14) return;
    time -= (sign == '-' ? -1 : 1) * static_cast<TimeUs>(offset) * 60 * us_per_second;
    at_ += full ? minutes + 2 : skip + 3;
  }

  // " PM" turns 1..12 o'clock into the hours of the day.
  bool take_half_day(TimeUs& time_of_day) {
    const char half = peek(1);
    if (peek() != ' ' || (half != 'A' && half != 'P') || peek(2) != 'M' || is_letter(peek(3))) return false;
    constexpr TimeUs twelve = 12 * 3600 * us_per_second;
    if (time_of_day >= twelve) time_of_day -= twelve;
    if (half == 'P') time_of_day += twelve;
    at_ += 3;
    return true;
  }

  std::optional<Stamp> finish(StampFormat format, const Date& date, TimeUs time_of_day) const {
    if (!exists(date)) return std::nullopt;
    const TimeUs time = date.year == 0 ? infer_year(date, time_of_day, reference_) : midnight(date) + time_of_day;
    return Stamp{time, format};
  }

  // The forms, by what they begin with.
  std::optional<Stamp> from_year();
  std::optional<Stamp> from_two_digits();
  std::optional<Stamp> from_slashed(bool two_digits);
  std::optional<Stamp> from_six_digits();
  std::optional<Stamp> from_eight_digits();
  std::optional<Stamp> from_epoch(std::size_t count);
  std::optional<Stamp> from_month_name();
  std::optional<Stamp> from_weekday();
  std::optional<Stamp> from_klog();

 private:
  std::string_view text_;
  TimeUs reference_;
  std::size_t at_ = 0;
};

// 2026-03-01T12:00:05, 2026-03-01-12.00.05.123456, 2026/03/01 12:00:05, 2026.03.01 12:00:05
std::optional<Stamp> Reader::from_year() {
  Date date;
  TimeUs clock = 0;
  if (!take_year(date)) return std::nullopt;
  const char separator = peek();
  if (separator != '-' && separator != '/' && separator != '.') return std::nullopt;
  if (!take(separator) || !take_number(2, 2, date.month) || !take(separator) || !take_number(2, 2, date.day)) return std::nullopt;
  if (separator == '-' && peek() == '-') {
    take('-');
    return take_clock(clock, '.') ? finish(StampFormat::bgl, date, clock) : std::nullopt;
  }
  if (!take(' ') && !take('T') && !take('t') && !take('\t')) return std::nullopt;
  if (!take_clock(clock)) return std::nullopt;
  take_offset(clock);
  const StampFormat format = separator == '-'   ? StampFormat::iso
                             : separator == '/' ? StampFormat::nginx_error
                                                : StampFormat::dotted;
  return finish(format, date, clock);
}

// 01/Mar/2026:12:00:05 +0000, 26/03/01 12:00:05, 3/1/2026 12:00:05 PM
std::optional<Stamp> Reader::from_slashed(bool two_digits) {
  unsigned first = 0;
  Date date;
  TimeUs clock = 0;
  if (!take_number(1, 2, first) || !take('/')) return std::nullopt;
  if (is_letter(peek())) {
    date.day = first;
    if (!two_digits || !take_month_name(date) || !take('/') || !take_year(date) || !(take(':') || take(' ')) ||
        !take_clock(clock)) {
      return std::nullopt;
    }
    take_offset(clock);
    return finish(StampFormat::apache, date, clock);
  }
  unsigned second = 0;
  if (!take_number(1, 2, second) || !take('/')) return std::nullopt;
  if (digits() == 2 && two_digits) {
    unsigned third = 0;
    take_number(2, 2, third);
    date = {2000 + static_cast<int>(first), second, third};
    if (!take(' ') || !take_clock(clock)) return std::nullopt;
    return finish(StampFormat::spark, date, clock);
  }
  if (!take_year(date)) return std::nullopt;
  date.month = first > 12 ? second : first;
  date.day = first > 12 ? first : second;
  take(',');
  if (!take(' ') || !take_clock(clock, ':', true)) return std::nullopt;
  take_half_day(clock);
  return finish(StampFormat::windows, date, clock);
}

// 03-01 12:00:05.123, 01-Mar-2026 12:00:05, 03.01 12:00:05, 01.03.2026 12:00:05, 01 Mar 2026 12:00:05
std::optional<Stamp> Reader::from_two_digits() {
  if (peek(2) == '/') return from_slashed(true);
  unsigned first = 0;
  unsigned second = 0;
  Date date;
  TimeUs clock = 0;
  take_number(2, 2, first);
  const char separator = peek();
  if (separator != '-' && separator != '.' && separator != ' ') return std::nullopt;
  take(separator);
  if (is_letter(peek())) {
    date.day = first;
    if (separator == '.' || !take_month_name(date) || !take(separator) || !take_year(date) || !take(' ') || !take_clock(clock)) {
      return std::nullopt;
    }
    take_offset(clock);
    return finish(StampFormat::java, date, clock);
  }
  if (separator == ' ' || !take_number(2, 2, second)) return std::nullopt;
  if (separator == '.' && take('.')) {
    date.day = first;
    date.month = second;
    if (!take_year(date) || !take(' ') || !take_clock(clock)) return std::nullopt;
    return finish(StampFormat::dotted, date, clock);
  }
  date.month = first;
  date.day = second;
  if (!take(' ') || !take_clock(clock)) return std::nullopt;
  return finish(separator == '-' ? StampFormat::android : StampFormat::dotted, date, clock);
}

// 260301 120005, 260301 12:00:05
std::optional<Stamp> Reader::from_six_digits() {
  unsigned year = 0;
  Date date;
  TimeUs clock = 0;
  take_number(2, 2, year);
  take_number(2, 2, date.month);
  take_number(2, 2, date.day);
  date.year = 2000 + static_cast<int>(year);
  if (!take_spaces()) return std::nullopt;
  if (digits() != 6) return take_clock(clock, ':', true) ? finish(StampFormat::yymmdd, date, clock) : std::nullopt;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  take_number(2, 2, hour);
  take_number(2, 2, minute);
  take_number(2, 2, second);
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  clock = (static_cast<TimeUs>(hour) * 3600 + minute * 60 + second) * us_per_second;
  return finish(StampFormat::yymmdd, date, clock);
}

// 20260301-12:0:5:123, 20260301T120005Z, 20260301 12:00:05
std::optional<Stamp> Reader::from_eight_digits() {
  Date date;
  TimeUs clock = 0;
  if (!take_year(date) || !take_number(2, 2, date.month) || !take_number(2, 2, date.day)) return std::nullopt;
  if (take('T')) {
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
    if (take_number(2, 2, hour) && take_number(2, 2, minute) && take_number(2, 2, second) && hour <= 23 && minute <= 59 &&
        second <= 60) {
      clock = (static_cast<TimeUs>(hour) * 3600 + minute * 60 + second) * us_per_second;
      take_offset(clock);
      return finish(StampFormat::compact, date, clock);
    }
    return std::nullopt;
  }
  if (!take('-') && !take(' ')) return std::nullopt;
  return take_clock(clock, ':', true) ? finish(StampFormat::compact, date, clock) : std::nullopt;
}

// Seconds, milliseconds, microseconds or nanoseconds between 2001-09-09 (ten digits) and 2100.
std::optional<Stamp> Reader::from_epoch(std::size_t count) {
  std::int64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value * 10 + (text_[at_++] - '0');
  TimeUs time = count == 10 ? value * us_per_second : count == 13 ? value * 1000 : count == 16 ? value : value / 1000;
  constexpr TimeUs year_2100 = 4'102'444'800 * us_per_second;
  if (time < 1'000'000'000 * us_per_second || time >= year_2100) return std::nullopt;
  if (count == 10 && peek() == '.' && is_digit(peek(1))) {
    ++at_;
    time += take_fraction();
  }
  if (is_letter(peek()) || peek() == '_' || (peek() == '.' && is_digit(peek(1)))) return std::nullopt;
  const std::size_t end = at_;
  Date date;  // "1117838570 2005.06.03": supercomputer logs repeat the date
  if (take(' ') && digits() == 4 && take_year(date) && take('.') && take_number(2, 2, date.month) && take('.') &&
      take_number(2, 2, date.day)) {
    if (!exists(date)) return std::nullopt;
    const TimeUs distance = time - midnight(date);
    if (distance < -us_per_day || distance > 2 * us_per_day) return std::nullopt;
    return Stamp{time, StampFormat::epoch};
  }
  at_ = end;
  return Stamp{time, StampFormat::epoch};
}

// Mar  1 12:00:05, Mar 1 2026 12:00:05, Mar 01, 2026 12:00:05 PM
std::optional<Stamp> Reader::from_month_name() {
  Date date;
  TimeUs clock = 0;
  if (!take_month_name(date) || !take_spaces() || !take_number(1, 2, date.day)) return std::nullopt;
  const bool comma = take(',');
  if (!take_spaces()) return std::nullopt;
  if (digits() == 4 && (!take_year(date) || !take_spaces())) return std::nullopt;
  if (!take_clock(clock, ':', comma)) return std::nullopt;
  if (comma) {
    take_half_day(clock);
    return finish(StampFormat::java, date, clock);
  }
  take_offset(clock);
  return finish(StampFormat::syslog, date, clock);
}

// Sun Mar 01 12:00:05.123456 2026
std::optional<Stamp> Reader::from_weekday() {
  Date date;
  TimeUs clock = 0;
  at_ += 3;
  if (!take_spaces() || !take_month_name(date) || !take_spaces() || !take_number(1, 2, date.day) || !take_spaces() ||
      !take_clock(clock)) {
    return std::nullopt;
  }
  const std::size_t end = at_;
  StampFormat format = StampFormat::apache;
  if (!take(' ') || digits() != 4 || !take_year(date)) {
    at_ = end;
    date.year = 0;
    format = StampFormat::syslog;
  }
  return finish(format, date, clock);
}

// I0301 12:00:05.123
std::optional<Stamp> Reader::from_klog() {
  Date date;
  TimeUs clock = 0;
  ++at_;
  if (digits() != 4 || !take_number(2, 2, date.month) || !take_number(2, 2, date.day) || !take_spaces() || !take_clock(clock)) {
    return std::nullopt;
  }
  return finish(StampFormat::klog, date, clock);
}

// An epoch in the middle of a line must stand alone, or it is any number.
bool epoch_may_start(std::string_view line, std::size_t at, std::size_t count) {
  if (at == 0) return true;
  const char before = line[at - 1];
  if (before == '[' || before == '(' || before == '=' || before == '"' || before == ':') return at < 40;
  if (before != ' ' || count != 10 || line[0] == ' ') return false;
  const char after = at + count < line.size() ? line[at + count] : ' ';
  const char word_end = at >= 2 ? line[at - 2] : ' ';
  return (after == ' ' || after == '.') && word_end != ':' && word_end != '=' && at < 64;
}

// "01-01 12:00:05" inside of "0000-01-01 12:00:05" is the rest of something else.
bool is_rest_of_number(std::string_view line, std::size_t at) {
  if (at < 2 || !is_digit(line[at - 2])) return false;
  const char before = line[at - 1];
  return before == '-' || before == '.' || before == '/' || before == ':';
}

std::optional<Stamp> read_digits(Reader& reader, std::string_view line, std::size_t at) {
  const std::size_t digits = reader.digits();
  if (digits <= 2 && is_rest_of_number(line, at)) return std::nullopt;
  switch (digits) {
    case 1:
      return reader.peek(1) == '/' ? reader.from_slashed(false) : std::nullopt;
    case 2:
      return reader.from_two_digits();
    case 4:
      return reader.from_year();
    case 6:
      return reader.from_six_digits();
    case 8:
      return reader.from_eight_digits();
    case 10:
    case 13:
    case 16:
    case 19:
      return epoch_may_start(line, at, digits) ? reader.from_epoch(digits) : std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<Stamp> read_letters(Reader& reader, std::string_view line, std::size_t at) {
  if (at + 12 > line.size()) return std::nullopt;
  const std::string_view name = line.substr(at, 3);
  if (is_digit(name[1])) return reader.from_klog();
  if (line[at + 3] != ' ') return std::nullopt;
  if (month_of(name) != 0) return reader.from_month_name();
  return is_weekday(name) ? reader.from_weekday() : std::nullopt;
}

}  // namespace

std::string_view stamp_format_name(StampFormat format) {
  constexpr std::array<std::string_view, stamp_format_count> names = {"none",  "iso",    "syslog", "apache",  "nginx_error",
                                                                      "epoch", "yymmdd", "dotted", "compact", "android",
                                                                      "spark", "klog",   "java",   "windows", "bgl"};
  return names[static_cast<std::size_t>(format)];
}

std::optional<LocatedStamp> locate_stamp(std::string_view line, TimeUs reference, std::size_t from) {
  const std::size_t limit = line.size() < search_bytes ? line.size() : search_bytes;
  char before = from == 0 || from > line.size() ? ' ' : line[from - 1];
  for (std::size_t at = from; at < limit; ++at) {
    const char c = line[at];
    const bool starts = !is_digit(before) && !is_letter(before);
    before = c;
    if (!starts || !(is_digit(c) || is_upper(c))) continue;
    Reader reader(line.substr(at), reference);
    const auto stamp = is_digit(c) ? read_digits(reader, line, at) : read_letters(reader, line, at);
    if (stamp) return LocatedStamp{*stamp, at, at + reader.position()};
  }
  return std::nullopt;
}

std::optional<Stamp> find_stamp(std::string_view line, TimeUs reference) {
  const auto found = locate_stamp(line, reference);
  return found ? std::optional<Stamp>(found->stamp) : std::nullopt;
}

}  // namespace conclave::logs
