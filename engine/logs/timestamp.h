// Time stamps at the head of log lines, recognised by hand: a general regular expression is what makes other tools slow.
#pragma once

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
  apache,       // 01/Mar/2026:12:00:05 +0000, Sun Mar 01 12:00:05.123 2026
  nginx_error,  // 2026/03/01 12:00:05 (also Go)
  epoch,        // 1772366405, with fraction, or in ms, us, ns
  yymmdd,       // 260301 120005 (HDFS), 260301 12:00:05 (MySQL)
  dotted,       // 03.01 12:00:05 (month first), 01.03.2026 12:00:05 (day first), 2026.03.01 12:00:05
  compact,      // 20260301-12:0:5:123, 20260301T120005Z, 20260301 12:00:05
  android,      // 03-01 12:00:05.123
  spark,        // 26/03/01 12:00:05
  klog,         // I0301 12:00:05.123
  java,         // Mar 01, 2026 12:00:05 PM, 01-Mar-2026 12:00:05.123, 01 Mar 2026 12:00:05.123
  windows,      // 3/1/2026 12:00:05 PM
  bgl           // 2026-03-01-12.00.05.123456
};
inline constexpr std::size_t stamp_format_count = 15;
[[nodiscard]] std::string_view stamp_format_name(StampFormat format);

struct Stamp {
  TimeUs time = 0;
  StampFormat format = StampFormat::none;
};

// The first stamp that begins within the first 96 bytes of the line. Stamps without an offset are UTC; those without a year
// take the year that puts them nearest before `reference` (or at most a day after it: clocks and zones differ).
[[nodiscard]] std::optional<Stamp> find_stamp(std::string_view line, TimeUs reference);

struct LocatedStamp {
  Stamp stamp;
  std::size_t begin = 0;  // offset in the line
  std::size_t end = 0;    // behind fraction and offset
};
// The same, searched from byte `from` on.
[[nodiscard]] std::optional<LocatedStamp> locate_stamp(std::string_view line, TimeUs reference, std::size_t from = 0);

// Whether the seed's pattern \d{4}-\d{2}-\d{2}[T\s]\d{2}:\d{2}:\d{2} matches anywhere in the line (as Python's re on bytes).
[[nodiscard]] bool has_iso_stamp(std::string_view line);

}  // namespace conclave::logs
