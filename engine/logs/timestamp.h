// Time stamps at the head of log lines, recognised by hand: a general regular expression is what makes other tools slow.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/time.h"

namespace conclave::logs {

enum class StampFormat : std::uint8_t {
  none,
  iso,          // 2026-03-01T12:00:05,123+01:00
  syslog,       // Mar  1 12:00:05, Mar 1 2026 12:00:05
  apache,       // 01/Mar/2026:12:00:05 +0000 (access logs; also nginx)
  ctime,        // Sun Mar 01 12:00:05.123456 2026 (Apache's error log), Sun Mar  1 12:00:05 UTC 2026
  nginx_error,  // 2026/03/01 12:00:05 (also Go)
  epoch,        // 1772366405, with fraction
  epoch_ms,
  epoch_us,
  epoch_ns,
  yymmdd,     // 260301 120005 (HDFS)
  mysql,      // 260301 12:00:05
  dotted,     // 03.01 12:00:05 (month first), 2026.03.01 12:00:05
  european,   // 01.03.2026 12:00:05 (day first)
  compact,    // 20260301-12:0:5:123, 20260301 12:00:05
  iso_basic,  // 20260301T120005Z, 20260301 120005
  packed,     // 20260301120005
  android,    // 03-01 12:00:05.123
  month_day,  // 03/01 12:00:05
  spark,      // 26/03/01 12:00:05
  klog,       // I0301 12:00:05.123
  java,       // Mar 01, 2026 12:00:05 PM
  kibana,     // Mar 1, 2026 @ 12:00:05.123
  tomcat,     // 01-Mar-2026 12:00:05.123
  redis,      // 01 Mar 2026 12:00:05.123
  rfc2822,    // Sun, 01 Mar 2026 12:00:05 +0000
  oracle,     // 01-MAR-26 12.00.05.123456 PM
  windows,    // 3/1/2026 12:00:05 PM
  bgl,        // 2026-03-01-12.00.05.123456
  cisco,      // 2026 Mar  1 12:00:05.123
  tai64n      // @4000000069a42bcf075bcd15
};
inline constexpr std::size_t stamp_format_count = 31;
[[nodiscard]] std::string_view stamp_format_name(StampFormat format);

struct Stamp {
  TimeUs time = 0;
  StampFormat format = StampFormat::none;
  bool zoned = false;  // with an offset, or a format that means UTC; others are taken as UTC here
};

// The first stamp that begins within the first 96 bytes of the line; of a JSON object the field that is there for it, wherever it
// stands. Stamps without an offset are UTC; those without a year
// take the year that puts them nearest before `reference` (or at most a day after it: clocks and zones differ).
[[nodiscard]] std::optional<Stamp> find_stamp(std::string_view line, TimeUs reference);

struct LocatedStamp {
  Stamp stamp;
  std::size_t begin = 0;  // offset in the line
  std::size_t end = 0;    // behind fraction and offset
};
// The same, searched from byte `from` on.
[[nodiscard]] std::optional<LocatedStamp> locate_stamp(std::string_view line, TimeUs reference, std::size_t from = 0);

// Where the digits of the time of day stand, as offsets from the begin of the stamp: a stamp of the same shape with the same date
// is read again without looking at its form.
struct ClockPlace {
  bool known = false;  // the time is that of the date and these digits, and nothing else depends on them
  bool epoch = false;  // no time of day but ten digits of seconds, from the begin on
  std::uint8_t hour = 0;
  std::uint8_t hour_width = 2;
  std::uint8_t minute = 0;
  std::uint8_t minute_width = 2;
  std::uint8_t second = 0;
  std::uint8_t second_width = 2;
  std::uint8_t fraction = 0;
  std::uint8_t fraction_digits = 0;  // 0: none
  std::uint8_t end = 0;              // behind the fraction
  std::uint32_t fraction_scale = 0;  // microseconds of the last of these digits
  TimeUs earliest = 0;               // of an epoch, or it is no stamp
  TimeUs latest = 0;
};

// locate_stamp() and what its answer rests on: except for the digits' values only the shape of the line (which bytes are digits,
// and all the others as they are).
struct StampReading {
  std::optional<LocatedStamp> found;
  ClockPlace clock;                       // of the one found
  std::array<std::uint8_t, 4> refused{};  // places before it where the values of digits were the reason against a stamp
  std::size_t refused_count = 0;          // may be more than `refused` holds
  std::size_t reach = 0;                  // no byte of the line from here on played a part
};
[[nodiscard]] StampReading read_stamp(std::string_view line, TimeUs reference, std::size_t from = 0);

// Only the stamp that begins exactly at `at`.
[[nodiscard]] std::optional<LocatedStamp> stamp_at(std::string_view line, TimeUs reference, std::size_t at);

// Whether the seed's pattern \d{4}-\d{2}-\d{2}[T\s]\d{2}:\d{2}:\d{2} matches anywhere in the line (as Python's re on bytes).
[[nodiscard]] bool has_iso_stamp(std::string_view line);

}  // namespace conclave::logs
