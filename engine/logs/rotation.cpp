#include "engine/logs/rotation.h"

#include <algorithm>
#include <charconv>
#include <tuple>
#include <utility>

#include "engine/base/time.h"

namespace conclave::logs {
namespace {

constexpr auto npos = std::string_view::npos;
constexpr TimeUs last_journal_time = 253'402'300'799'999'999;  // of the year 9999

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_separator(char c) { return c == '.' || c == '-' || c == '_'; }

std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t count = 0;
  while (at + count < text.size() && is_digit(text[at + count])) ++count;
  return count;
}

std::uint64_t number_in(std::string_view digits) {
  std::uint64_t number = 0;
  (void)std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

// `size` digits at `at` as a number within the bounds.
bool holds(std::string_view text, std::size_t at, std::size_t size, std::uint64_t least, std::uint64_t most) {
  if (at > text.size() || digits_at(text, at) < size) return false;
  const std::uint64_t number = number_in(text.substr(at, size));
  return number >= least && number <= most;
}

struct Date {
  std::size_t end = 0;
  std::string digits;
};

// hh, hhmm or hhmmss behind a date, also with separators; moves `end` behind it.
void add_time(std::string_view name, Date& date, std::size_t at) {
  constexpr std::uint64_t most[] = {23, 59, 59};
  std::string digits;
  char between = '\0';
  for (const std::uint64_t limit : most) {
    if (!digits.empty() && at < name.size() && (is_separator(name[at]) || name[at] == ':') &&
        (between == '\0' || between == name[at]) && name[at] != '.') {
      between = name[at++];
    }
    if (!holds(name, at, 2, 0, limit)) break;
    digits += name.substr(at, 2);
    at += 2;
    if (digits_at(name, at) == 0) date = {at, date.digits.substr(0, 8) + digits};
  }
}

std::optional<Date> calendar_date_at(std::string_view name, std::size_t at) {
  const std::size_t run = digits_at(name, at);
  if (!holds(name, at, 4, 1970, 2199)) return std::nullopt;
  const bool together = run >= 8;
  if (!together && (run != 4 || at + 4 >= name.size() || !is_separator(name[at + 4]))) return std::nullopt;
  const std::size_t month = at + 4 + (together ? 0 : 1);
  if (!holds(name, month, 2, 1, 12)) return std::nullopt;
  const std::size_t day = month + 2 + (together ? 0 : 1);
  Date date{month + 2, std::string(name.substr(at, 4)) + std::string(name.substr(month, 2))};
  const bool has_day = holds(name, day, 2, 1, 31) && (together || name[day - 1] == name[at + 4]) && digits_at(name, month) >= 2;
  if (!has_day) {
    if (together || digits_at(name, month) != 2) return std::nullopt;
    return date;
  }
  date = {day + 2, date.digits + std::string(name.substr(day, 2))};
  if (together && run > 8) {
    add_time(name, date, day + 2);
  } else if (date.end < name.size() && std::string_view("-_T").find(name[date.end]) != npos) {
    add_time(name, date, date.end + 1);
  }
  if (date.end < name.size() && is_digit(name[date.end])) return std::nullopt;
  return date;
}

// Seconds since 1970 only if they are no day: 2026030114 is 14 o'clock.
std::optional<Date> date_at(std::string_view name, std::size_t at) {
  if (auto date = calendar_date_at(name, at)) return date;
  const std::size_t run = digits_at(name, at);
  if ((run == 9 || run == 10) && number_in(name.substr(at, run)) >= 900'000'000) {
    std::string digits = format_time(static_cast<TimeUs>(number_in(name.substr(at, run))) * us_per_second);
    std::erase_if(digits, [](char c) { return !is_digit(c); });
    return Date{at + run, digits.substr(0, 14)};
  }
  return std::nullopt;
}

// Takes the last date out of `name`.
std::string take_date(std::string& name) {
  for (std::size_t at = name.size(); at-- > 0;) {
    if (!is_digit(name[at]) || (at > 0 && is_digit(name[at - 1]))) continue;
    auto date = date_at(name, at);
    if (!date || (date->end < name.size() && !is_separator(name[date->end]))) continue;
    name.erase(at, date->end - at);
    if (at > 0 && is_separator(name[at - 1])) name.erase(at - 1, 1);
    date->digits.resize(14, '0');
    return date->digits;
  }
  return {};
}

// Takes the number that ends `stem`, if rotation put it there.
std::optional<std::uint64_t> take_number(std::string& stem, std::string_view separators) {
  const std::size_t before = stem.find_last_not_of("0123456789");
  if (before == npos || before == 0 || before + 1 == stem.size() || stem.size() - before > 10) return std::nullopt;
  if (separators.find(stem[before]) == npos || is_digit(stem[before - 1])) return std::nullopt;
  const std::uint64_t number = number_in(std::string_view(stem).substr(before + 1));
  stem.resize(before);
  return number;
}

// journald's "system@SEQUENCE-NUMBER-TIME.journal", "system@TIME-RANDOM.journal~" of one that was not closed; the time is that of
// the first entry, in hexadecimal microseconds.
std::optional<Rotation> rotated_journal(std::string_view name) {
  const std::size_t at = name.find('@');
  const std::size_t end = name.rfind(".journal");
  if (at == npos || end == npos || end < at) return std::nullopt;
  const std::string_view numbers = name.substr(at + 1, end - at - 1);
  const std::string_view time =
      name.ends_with('~') ? numbers.substr(0, numbers.find('-')) : numbers.substr(numbers.rfind('-') + 1);
  if (time.size() != 16) return std::nullopt;
  std::int64_t us = 0;
  const auto [stop, error] = std::from_chars(time.data(), time.data() + time.size(), us, 16);
  if (error != std::errc{} || stop != time.data() + time.size() || us < 0 || us > last_journal_time) return std::nullopt;
  std::string digits = format_time(us);
  std::erase_if(digits, [](char c) { return !is_digit(c); });
  digits.resize(14);
  return Rotation{std::string(name.substr(0, at)) + ".journal", std::move(digits), {}};
}

}  // namespace

bool Rotation::is_older_than(const Rotation& other) const {
  const auto key = [](const Rotation& file) {
    const bool dated = !file.date.empty();
    const int kind = dated ? 0 : file.number ? 1 : 2;
    const std::uint64_t count = file.number.value_or(0);
    return std::tuple(kind, std::string_view(file.date), dated && file.number, dated ? count : UINT64_MAX - count);
  };
  return key(*this) < key(other);
}

Rotation rotation_of(std::string_view name) {
  if (auto journal = rotated_journal(name)) return *journal;
  for (const std::string_view suffix : {".gz", ".xz", ".zst", ".bz2", ".lz4"}) {
    if (name.size() > suffix.size() && name.ends_with(suffix)) name.remove_suffix(suffix.size());
  }
  constexpr std::string_view old = ".old";
  Rotation found{std::string(name), {}, {}};
  if (name.size() > old.size() && name.ends_with(old)) {
    found.base.resize(name.size() - old.size());
    found.number = 0;
    return found;
  }
  found.date = take_date(found.base);
  const bool dated = !found.date.empty();
  found.number = take_number(found.base, dated ? ".-_" : ".-");
  const std::size_t dot = found.base.rfind('.');
  if (found.number || dot == npos || dot == 0) return found;
  std::string stem = found.base.substr(0, dot);  // "app.1" of app.1.log
  found.number = take_number(stem, dated ? ".-_" : ".");
  if (found.number) found.base = stem + found.base.substr(dot);
  return found;
}

std::vector<std::size_t> order_by_age(const std::vector<std::filesystem::path>& files) {
  struct Place {
    std::filesystem::path set;
    Rotation rotation;
    std::size_t index;
  };
  std::vector<Place> places;
  for (std::size_t i = 0; i < files.size(); ++i) {
    Rotation rotation = rotation_of(files[i].filename().string());
    places.push_back({files[i].parent_path() / rotation.base, std::move(rotation), i});
  }
  std::sort(places.begin(), places.end(), [&](const Place& a, const Place& b) {
    if (const int sets = a.set.compare(b.set); sets != 0) return sets < 0;
    if (a.rotation.is_older_than(b.rotation)) return true;
    return !b.rotation.is_older_than(a.rotation) && files[a.index] < files[b.index];
  });
  std::vector<std::size_t> order;
  for (const Place& place : places) order.push_back(place.index);
  return order;
}

}  // namespace conclave::logs
