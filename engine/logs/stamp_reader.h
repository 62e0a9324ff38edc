// One time stamp, read from the left. Internal to the room.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/logs/timestamp.h"

namespace conclave::logs {

constexpr TimeUs us_per_day = 86'400 * us_per_second;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_letter(char c) { return is_upper(c) || (c >= 'a' && c <= 'z'); }

struct Date {
  int year = 0;  // 0: the stamp has none
  unsigned month = 0;
  unsigned day = 0;
};

[[nodiscard]] bool exists(const Date& date);
[[nodiscard]] unsigned month_of(std::string_view name);  // 1..12 for "Jan" or "JAN"; 0 for anything else
[[nodiscard]] bool is_weekday(std::string_view name);

// Every take_ function moves on only if it succeeds.
class StampReader {
 public:
  StampReader(std::string_view text, TimeUs reference) : text_(text), reference_(reference) {}

  [[nodiscard]] std::size_t position() const { return at_; }
  [[nodiscard]] const ClockPlace& clock() const { return clock_; }
  // A value, not the shape of the text, was why a form did not fit.
  [[nodiscard]] bool refused_value() const { return refused_value_; }

  // Behind the last byte that was looked at.
  [[nodiscard]] std::size_t reach() const { return reach_; }

  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    reach_ = std::max(reach_, at_ + ahead + 1);
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  [[nodiscard]] std::size_t digits() const;

  // The forms, by what they begin with.
  std::optional<Stamp> from_year();
  std::optional<Stamp> from_two_digits();
  std::optional<Stamp> from_one_digit();
  std::optional<Stamp> from_six_digits();
  std::optional<Stamp> from_eight_digits();
  std::optional<Stamp> from_fourteen_digits();
  std::optional<Stamp> from_epoch(std::size_t count);
  std::optional<Stamp> from_month_name();
  std::optional<Stamp> from_weekday();
  std::optional<Stamp> from_klog();
  std::optional<Stamp> from_tai64n();

 private:
  [[nodiscard]] bool follows(std::string_view word, std::size_t ahead) const;
  bool take(char wanted);
  bool take_spaces();
  bool take_number(std::size_t least, std::size_t most, unsigned& out);
  bool take_year(Date& date);
  bool take_month_name(Date& date);
  // hh:mm:ss with `separator`, then a fraction; `narrow` allows numbers without a leading zero and ":123" for milliseconds.
  bool take_clock(TimeUs& out, char separator = ':', bool narrow = false);
  bool take_packed_clock(TimeUs& out);  // hhmmss
  void take_fraction(TimeUs& out, bool milliseconds);
  // "Z", "+01:00", " +0100", " UTC": subtracts the offset and says that there is one.
  void take_offset(TimeUs& time);
  bool take_half_day(TimeUs& time_of_day);  // " PM" turns 1..12 o'clock into the hours of the day
  bool refuse() {
    refused_value_ = true;
    return false;
  }
  std::optional<Stamp> finish(StampFormat format, const Date& date, TimeUs time_of_day);
  std::optional<Stamp> from_slashed(bool two_digits);
  std::optional<Stamp> from_day_and_month_name(unsigned day, char separator, std::size_t day_digits);

  std::string_view text_;
  TimeUs reference_;
  std::size_t at_ = 0;
  mutable std::size_t reach_ = 0;
  bool refused_value_ = false;
  bool zoned_ = false;
  ClockPlace clock_;
};

// The stamp that begins at byte `at` of `line`, with `reader` on the text from there on.
[[nodiscard]] std::optional<Stamp> read_stamp_at(StampReader& reader, std::string_view line, std::size_t at);

}  // namespace conclave::logs
