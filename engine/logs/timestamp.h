// Time stamps at the head of log lines, recognised by hand: a general regular expression is what makes other tools slow.
#pragma once

#include <optional>
#include <string_view>

#include "engine/base/time.h"

namespace conclave::logs {

enum class StampFormat : std::uint8_t {
  none,
  iso,
  syslog,
  apache,
  nginx_error,
  epoch,
  yymmdd,
  dotted,
  compact,
  android,
  spark,
  klog,
  java,
  windows,
  bgl
};
[[nodiscard]] std::string_view stamp_format_name(StampFormat format);

struct Stamp {
  TimeUs time = 0;
  StampFormat format = StampFormat::none;
};

// The first stamp within the first 96 bytes of the line. Stamps without an offset are UTC; those without a year
// take the year that puts them nearest before `reference`.
[[nodiscard]] std::optional<Stamp> find_stamp(std::string_view line, TimeUs reference);

// Whether the seed's pattern \d{4}-\d{2}-\d{2}[T\s]\d{2}:\d{2}:\d{2} matches anywhere in the line (as Python's re on bytes).
[[nodiscard]] bool has_iso_stamp(std::string_view line);

}  // namespace conclave::logs
