#include "engine/logs/timestamp.h"

#include <algorithm>
#include <array>

#include "engine/logs/json_header.h"
#include "engine/logs/stamp_reader.h"

namespace conclave::logs {
namespace {

constexpr std::size_t search_bytes = 96;

// Of the fields that are there for the time.
StampReading read_json_stamp(std::string_view line, TimeUs reference) {
  StampReading reading;
  FieldsOfRole times(line, FieldRole::time);
  Field field;
  while (times.next(field)) {
    if (field.value.empty()) continue;
    const auto begin = static_cast<std::size_t>(field.value.data() - line.data());
    const std::string_view rest = line.substr(begin);
    StampReader reader(rest, reference);
    const auto stamp = read_stamp_at(reader, rest, 0);
    reading.reach = std::max({reading.reach, times.reach(), begin + reader.reach()});
    // With another value it may be one, or be no name of a time.
    if ((!stamp && reader.refused_value()) || times.by_value()) reading.refused_count = reading.refused.size() + 1;
    if (!stamp) continue;
    reading.found = LocatedStamp{*stamp, begin, begin + reader.position()};
    reading.clock = reader.clock();
    return reading;
  }
  reading.reach = times.reach();
  if (times.by_value()) reading.refused_count = reading.refused.size() + 1;
  return reading;
}

}  // namespace

std::string_view stamp_format_name(StampFormat format) {
  constexpr std::array<std::string_view, stamp_format_count> names = {
      "none",     "iso",      "syslog",    "apache",  "ctime",  "nginx_error", "epoch",   "epoch_ms",
      "epoch_us", "epoch_ns", "yymmdd",    "mysql",   "dotted", "european",    "compact", "iso_basic",
      "packed",   "android",  "month_day", "spark",   "klog",   "java",        "kibana",  "tomcat",
      "redis",    "rfc2822",  "oracle",    "windows", "bgl",    "cisco",       "tai64n"};
  return names[static_cast<std::size_t>(format)];
}

StampReading read_stamp(std::string_view line, TimeUs reference, std::size_t from) {
  StampReading reading;
  if (from == 0 && is_json_line(line)) {
    reading = read_json_stamp(line, reference);
    if (reading.found) return reading;
  }
  const std::size_t limit = line.size() < search_bytes ? line.size() : search_bytes;
  char before = from == 0 || from > line.size() ? ' ' : line[from - 1];
  for (std::size_t at = from; at < limit; ++at) {
    const char c = line[at];
    const bool starts = !is_digit(before) && !is_letter(before);
    before = c;
    if (!starts || !(is_digit(c) || is_upper(c) || c == '@')) continue;
    StampReader reader(line.substr(at), reference);
    const auto stamp = read_stamp_at(reader, line, at);
    reading.reach = std::max(reading.reach, at + reader.reach());
    if (stamp) {
      reading.found = LocatedStamp{*stamp, at, at + reader.position()};
      reading.clock = reader.clock();
      return reading;
    }
    if (!reader.refused_value()) continue;
    if (reading.refused_count < reading.refused.size()) reading.refused[reading.refused_count] = static_cast<std::uint8_t>(at);
    ++reading.refused_count;
  }
  reading.reach = std::max(reading.reach, search_bytes);
  return reading;
}

std::optional<LocatedStamp> locate_stamp(std::string_view line, TimeUs reference, std::size_t from) {
  return read_stamp(line, reference, from).found;
}

std::optional<Stamp> find_stamp(std::string_view line, TimeUs reference) {
  const auto found = locate_stamp(line, reference);
  return found ? std::optional<Stamp>(found->stamp) : std::nullopt;
}

std::optional<LocatedStamp> stamp_at(std::string_view line, TimeUs reference, std::size_t at) {
  StampReader reader(line.substr(at), reference);
  const auto stamp = read_stamp_at(reader, line, at);
  if (!stamp) return std::nullopt;
  return LocatedStamp{*stamp, at, at + reader.position()};
}

}  // namespace conclave::logs
