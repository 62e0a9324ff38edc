// At every place where a token begins, the first bytes decide which one or two forms are tried; each form is read digit by
// digit. A date that does not exist, or an epoch that contradicts the date beside it, is no stamp.
#include "engine/logs/stamp_reader.h"

namespace conclave::logs {

// 2026-03-01T12:00:05, 2026-03-01-12.00.05.123456, 2026/03/01 12:00:05, 2026.03.01 12:00:05, 2026 Mar 01 12:00:05
std::optional<Stamp> StampReader::from_year() {
  Date date;
  TimeUs clock = 0;
  if (!take_year(date)) return std::nullopt;
  const char separator = peek();
  if (separator == ' ' && is_letter(peek(1))) {
    if (!take(' ') || !take_month_name(date) || !take_spaces() || !take_number(1, 2, date.day) || !take_spaces() ||
        !take_clock(clock)) {
      return std::nullopt;
    }
    return finish(StampFormat::cisco, date, clock);
  }
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

// 01/Mar/2026:12:00:05 +0000, 26/03/01 12:00:05, 3/1/2026 12:00:05 PM, 03/01 12:00:05
std::optional<Stamp> StampReader::from_slashed(bool two_digits) {
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
  if (!take_number(1, 2, second)) return std::nullopt;
  if (peek() == ' ') {
    date.month = first;
    date.day = second;
    if (!two_digits || !take(' ') || !take_clock(clock)) return std::nullopt;
    return finish(StampFormat::month_day, date, clock);
  }
  if (!take('/')) return std::nullopt;
  if (digits() == 2 && two_digits) {
    unsigned third = 0;
    take_number(2, 2, third);
    date = {2000 + static_cast<int>(first), second, third};
    if (!take(' ') || !take_clock(clock)) return std::nullopt;
    return finish(StampFormat::spark, date, clock);
  }
  if (!take_year(date)) return std::nullopt;
  refused_value_ = true;  // which of the two is the month, their values say
  date.month = first > 12 ? second : first;
  date.day = first > 12 ? first : second;
  take(',');
  if (!take(' ') || !take_clock(clock, ':', true)) return std::nullopt;
  take_half_day(clock);
  return finish(StampFormat::windows, date, clock);
}

// 01-Mar-2026 12:00:05.123, 01 Mar 2026 12:00:05, 01-MAR-26 12.00.05.123456 PM; behind the day and its separator.
std::optional<Stamp> StampReader::from_day_and_month_name(unsigned day, char separator, std::size_t day_digits) {
  Date date;
  TimeUs clock = 0;
  date.day = day;
  if (!take_month_name(date) || !take(separator)) return std::nullopt;
  unsigned short_year = 0;
  if (separator == '-' && digits() == 2 && take_number(2, 2, short_year)) {
    date.year = 2000 + static_cast<int>(short_year);
    if (!take(' ') || !(take_clock(clock, '.') || take_clock(clock))) return std::nullopt;
    take_half_day(clock);
    return finish(StampFormat::oracle, date, clock);
  }
  if (!take_year(date) || !take(' ') || !take_clock(clock)) return std::nullopt;
  take_offset(clock);
  if (separator == '-') return finish(StampFormat::tomcat, date, clock);
  return finish(day_digits == 2 && clock_.fraction_digits > 0 ? StampFormat::redis : StampFormat::rfc2822, date, clock);
}

// 03-01 12:00:05.123, 01-Mar-2026 12:00:05, 03.01 12:00:05, 01.03.2026 12:00:05, 01 Mar 2026 12:00:05
std::optional<Stamp> StampReader::from_two_digits() {
  if (peek(2) == '/') return from_slashed(true);
  unsigned first = 0;
  unsigned second = 0;
  Date date;
  TimeUs clock = 0;
  take_number(2, 2, first);
  const char separator = peek();
  if (separator != '-' && separator != '.' && separator != ' ') return std::nullopt;
  take(separator);
  if (is_letter(peek())) return separator == '.' ? std::nullopt : from_day_and_month_name(first, separator, 2);
  if (separator == ' ' || !take_number(2, 2, second)) return std::nullopt;
  if (separator == '.' && take('.')) {
    date.day = first;
    date.month = second;
    if (!take_year(date) || !take(' ') || !take_clock(clock)) return std::nullopt;
    return finish(StampFormat::european, date, clock);
  }
  date.month = first;
  date.day = second;
  if (!take(' ') || !take_clock(clock)) return std::nullopt;
  return finish(separator == '-' ? StampFormat::android : StampFormat::dotted, date, clock);
}

// 3/1/2026 12:00:05 PM, 1 Mar 2026 12:00:05 +0000
std::optional<Stamp> StampReader::from_one_digit() {
  if (peek(1) == '/') return from_slashed(false);
  if (peek(1) != ' ' || !is_upper(peek(2))) return std::nullopt;
  unsigned day = 0;
  take_number(1, 1, day);
  take(' ');
  return from_day_and_month_name(day, ' ', 1);
}

// 260301 120005, 260301 12:00:05
std::optional<Stamp> StampReader::from_six_digits() {
  unsigned year = 0;
  Date date;
  TimeUs clock = 0;
  take_number(2, 2, year);
  take_number(2, 2, date.month);
  take_number(2, 2, date.day);
  date.year = 2000 + static_cast<int>(year);
  if (!take_spaces()) return std::nullopt;
  if (digits() != 6) return take_clock(clock, ':', true) ? finish(StampFormat::mysql, date, clock) : std::nullopt;
  return take_packed_clock(clock) ? finish(StampFormat::yymmdd, date, clock) : std::nullopt;
}

// 20260301-12:0:5:123, 20260301T120005Z, 20260301 12:00:05, 20260301 120005
std::optional<Stamp> StampReader::from_eight_digits() {
  Date date;
  TimeUs clock = 0;
  if (!take_year(date) || !take_number(2, 2, date.month) || !take_number(2, 2, date.day)) return std::nullopt;
  const bool basic = take('T');
  if (!basic && !take('-') && !take(' ')) return std::nullopt;
  const std::size_t count = digits();
  if (count == 6) {
    if (!take_packed_clock(clock)) return std::nullopt;
    if ((peek() == '.' || peek() == ',') && is_digit(peek(1))) take_fraction(clock, false);
    take_offset(clock);
    return finish(StampFormat::iso_basic, date, clock);
  }
  if (basic) return std::nullopt;
  return take_clock(clock, ':', true) ? finish(StampFormat::compact, date, clock) : std::nullopt;
}

// 20260301120005
std::optional<Stamp> StampReader::from_fourteen_digits() {
  Date date;
  TimeUs clock = 0;
  if (!take_year(date) || !take_number(2, 2, date.month) || !take_number(2, 2, date.day) || !take_packed_clock(clock)) {
    return std::nullopt;
  }
  if (date.year < 1990 || date.year > 2100) {  // an identifier
    refuse();
    return std::nullopt;
  }
  if (peek() == '.' && is_digit(peek(1))) take_fraction(clock, false);
  take_offset(clock);
  return finish(StampFormat::packed, date, clock);
}

// Seconds, milliseconds, microseconds or nanoseconds between 2001-09-09 (ten digits) and 2100.
std::optional<Stamp> StampReader::from_epoch(std::size_t count) {
  std::int64_t value = 0;
  clock_ = {.known = count == 10, .epoch = true, .end = 10};
  for (std::size_t i = 0; i < count; ++i) value = value * 10 + (text_[at_++] - '0');
  TimeUs time = count == 10 ? value * us_per_second : count == 13 ? value * 1000 : count == 16 ? value : value / 1000;
  refused_value_ = true;  // from here on the value decides
  constexpr TimeUs year_2100 = 4'102'444'800 * us_per_second;
  if (time < 1'000'000'000 * us_per_second || time >= year_2100) return std::nullopt;
  if (count == 10 && peek() == '.' && is_digit(peek(1))) take_fraction(time, false);
  clock_.earliest = 1'000'000'000 * us_per_second;
  clock_.latest = year_2100 - 1;
  if (is_letter(peek()) || peek() == '_' || (peek() == '.' && is_digit(peek(1)))) return std::nullopt;
  const StampFormat format = count == 10   ? StampFormat::epoch
                             : count == 13 ? StampFormat::epoch_ms
                             : count == 16 ? StampFormat::epoch_us
                                           : StampFormat::epoch_ns;
  const std::size_t end = at_;
  Date date;  // "1117838570 2005.06.03": supercomputer logs repeat the date
  if (take(' ') && digits() == 4 && take_year(date) && take('.') && take_number(2, 2, date.month) && take('.') &&
      take_number(2, 2, date.day)) {
    if (!exists(date)) return std::nullopt;
    const TimeUs day = days_from_civil(date.year, date.month, date.day) * us_per_day;
    clock_.earliest = std::max(clock_.earliest, day - us_per_day);
    clock_.latest = std::min(clock_.latest, day + 2 * us_per_day);
    if (time < clock_.earliest || time > clock_.latest) return std::nullopt;
    return Stamp{time, format, true};
  }
  if (at_ > end + 1) clock_.known = false;  // with other digits there may be a date
  at_ = end;
  return Stamp{time, format, true};
}

// Mar  1 12:00:05, Mar 1 2026 12:00:05, Mar 01, 2026 12:00:05 PM, Mar 1, 2026 @ 12:00:05.123
std::optional<Stamp> StampReader::from_month_name() {
  Date date;
  TimeUs clock = 0;
  if (!take_month_name(date) || !take_spaces() || !take_number(1, 2, date.day)) return std::nullopt;
  const bool comma = take(',');
  if (!take_spaces()) return std::nullopt;
  if (digits() == 4 && (!take_year(date) || !take_spaces())) return std::nullopt;
  const bool kibana = comma && take('@') && take(' ');
  if (!take_clock(clock, ':', comma)) return std::nullopt;
  if (comma) {
    take_half_day(clock);
    return finish(kibana ? StampFormat::kibana : StampFormat::java, date, clock);
  }
  take_offset(clock);
  return finish(StampFormat::syslog, date, clock);
}

// Sun Mar 01 12:00:05.123456 2026, Sun Mar  1 12:00:05 UTC 2026; "Sun, 01 Mar 2026 12:00:05 GMT" is read from its day on.
std::optional<Stamp> StampReader::from_weekday() {
  Date date;
  TimeUs clock = 0;
  at_ += 3;
  if (!take_spaces() || !take_month_name(date) || !take_spaces() || !take_number(1, 2, date.day) || !take_spaces() ||
      !take_clock(clock)) {
    return std::nullopt;
  }
  const std::size_t end = at_;
  StampFormat format = StampFormat::ctime;
  const bool utc = follows(" UTC ", 0) || follows(" GMT ", 0);
  if (utc) at_ += 4;
  if (!take(' ') || digits() != 4 || !take_year(date)) {
    at_ = end;
    date.year = 0;
    format = StampFormat::syslog;
  }
  zoned_ = utc;
  return finish(format, date, clock);
}

// I0301 12:00:05.123
std::optional<Stamp> StampReader::from_klog() {
  Date date;
  TimeUs clock = 0;
  ++at_;
  if (digits() != 4 || !take_number(2, 2, date.month) || !take_number(2, 2, date.day) || !take_spaces() || !take_clock(clock)) {
    return std::nullopt;
  }
  return finish(StampFormat::klog, date, clock);
}

// @4000000069a42bcf075bcd15 (daemontools, runit, qmail): 2^62 + TAI seconds, which are 10 ahead of the epoch, then nanoseconds.
std::optional<Stamp> StampReader::from_tai64n() {
  refused_value_ = true;
  ++at_;
  std::uint64_t seconds = 0;
  std::uint64_t nanoseconds = 0;
  for (std::size_t i = 0; i < 24; ++i) {
    const char c = peek(i);
    if (!is_digit(c) && (c < 'a' || c > 'f')) return std::nullopt;
    std::uint64_t& value = i < 16 ? seconds : nanoseconds;
    value = value * 16 + static_cast<std::uint64_t>(is_digit(c) ? c - '0' : c - 'a' + 10);
  }
  constexpr std::uint64_t origin = (std::uint64_t{1} << 62U) + 10;
  constexpr std::uint64_t year_2100 = 4'102'444'800;
  if (seconds < origin || seconds - origin >= year_2100 || nanoseconds > 999'999'999 || is_digit(peek(24)) ||
      is_letter(peek(24))) {
    return std::nullopt;
  }
  at_ += 24;
  return Stamp{static_cast<TimeUs>(seconds - origin) * us_per_second + static_cast<TimeUs>(nanoseconds / 1000),
               StampFormat::tai64n, true};
}

namespace {

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

std::optional<Stamp> read_digits(StampReader& reader, std::string_view line, std::size_t at) {
  const std::size_t digits = reader.digits();
  if (digits <= 2 && is_rest_of_number(line, at)) return std::nullopt;
  switch (digits) {
    case 1:
      return reader.from_one_digit();
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
    case 14:
      return at == 0 || line[at - 1] == '[' || line[at - 1] == '"' ? reader.from_fourteen_digits() : std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<Stamp> read_letters(StampReader& reader, std::string_view line, std::size_t at) {
  if (at + 12 > line.size()) return std::nullopt;
  const std::string_view name = line.substr(at, 3);
  if (is_digit(name[1])) return reader.from_klog();
  if (line[at + 3] != ' ') return std::nullopt;
  if (month_of(name) != 0) return reader.from_month_name();
  return is_weekday(name) ? reader.from_weekday() : std::nullopt;
}

}  // namespace

std::optional<Stamp> read_stamp_at(StampReader& reader, std::string_view line, std::size_t at) {
  if (line[at] == '@') return at == 0 ? reader.from_tai64n() : std::nullopt;
  return is_digit(line[at]) ? read_digits(reader, line, at) : read_letters(reader, line, at);
}

}  // namespace conclave::logs
