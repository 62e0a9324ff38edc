// One pass over a log: what is in it, when, and how grave.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/base/time.h"
#include "engine/logs/level.h"

namespace conclave::logs {

struct Bucket {
  TimeUs start = 0;  // anchored at the epoch, bucket_us wide
  std::uint64_t lines = 0;
  std::uint64_t error_lines = 0;       // lines whose level is error or fatal, or unknown level and error pattern
  std::uint64_t warning_lines = 0;     // the same for warning
  std::uint64_t first_error_line = 0;  // 1-based; 0 if none
};

// Two neighbouring stamped lines that are far apart in time.
struct Gap {
  TimeUs from = 0;
  TimeUs to = 0;
  std::uint64_t line_before = 0;
  std::uint64_t line_after = 0;
};

struct Sample {
  std::uint64_t line = 0;  // 1-based
  TimeUs time = 0;         // 0 if the line has no stamp and none came before it
  Level level = Level::unknown;
};

struct SummaryOptions {
  TimeUs reference = 0;  // for stamps without a year; 0 is now
  std::optional<std::pair<TimeUs, TimeUs>>
      time_range;                 // only lines in [first, second); lines without a stamp follow the one before
  std::size_t max_gaps = 64;      // the longest ones, in order of time
  std::size_t max_samples = 256;  // first error and fatal lines
};

struct LogSummary {
  std::uint64_t lines = 0;
  std::uint64_t bytes = 0;            // decoded
  std::uint64_t error_lines = 0;      // (?i)(error|exception|failed) matches
  std::uint64_t warning_lines = 0;    // (?i)(warn|warning|deprecated) matches
  std::uint64_t timestamp_lines = 0;  // the seed's timestamp pattern matches
  LevelCounts levels{};
  std::optional<TimeUs> first_time;
  std::optional<TimeUs> last_time;
  std::string stamp_format;               // the most frequent, "none" if there are no stamps
  TimeUs bucket_us = 60 * us_per_second;  // a minute; an hour when the span is over two weeks
  std::vector<Bucket> buckets;            // non-empty ones, in order of time
  std::vector<Gap> gaps;
  std::vector<Sample> samples;
  std::uint64_t out_of_order = 0;  // stamped lines earlier than the stamp before them

  // (start of hour, lines) for hours that have lines.
  [[nodiscard]] std::vector<std::pair<TimeUs, std::uint64_t>> hourly() const;
};

[[nodiscard]] Result<LogSummary> summarize(std::string_view bytes, const SummaryOptions& options, Job& job);

// The seed's patterns on one line, as Python's re on bytes would answer.
[[nodiscard]] bool matches_error(std::string_view line);
[[nodiscard]] bool matches_warning(std::string_view line);

}  // namespace conclave::logs
