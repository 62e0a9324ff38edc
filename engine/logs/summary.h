// One pass over a log: what is in it, when, and how grave.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/base/time.h"
#include "engine/logs/level.h"
#include "engine/logs/time_zone.h"
#include "engine/logs/user_patterns.h"

namespace conclave::logs {

class SummaryPart;

struct Bucket {
  TimeUs start = 0;  // anchored at the epoch, bucket_us wide
  std::uint64_t lines = 0;
  std::uint64_t error_lines = 0;       // lines whose level is error or fatal, or unknown level and error pattern
  std::uint64_t warning_lines = 0;     // the same for warning
  std::uint64_t first_error_line = 0;  // 1-based; 0 if none
  LevelCounts levels{};                // of the lines
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

struct PatternLines {
  std::string name;
  std::uint64_t lines = 0;     // lines that match
  std::uint64_t given_up = 0;  // lines on which the pattern took more steps than it may
};

struct SummaryOptions {
  TimeUs reference = 0;  // for stamps without a year: when the log was last written; 0 is now
  std::optional<std::pair<TimeUs, TimeUs>>
      time_range;                                  // only lines in [first, second); lines without a stamp follow the one before
  std::size_t max_gaps = 64;                       // the longest ones, in order of time
  std::size_t max_samples = 256;                   // first error and fatal lines
  std::size_t max_level_samples = 3;               // first lines of each level
  std::shared_ptr<const UserPatterns> patterns{};  // to count beside the seed's three; may be null
  std::shared_ptr<const TimeZone> zone{};          // of stamps without an offset; null is UTC
  std::size_t threads = 0;                         // 0: as many as there are cores
};

// A value. Any thread may read it.
struct LogSummary {
  std::uint64_t lines = 0;
  std::uint64_t bytes = 0;             // decoded
  std::uint64_t error_lines = 0;       // (?i)(error|exception|failed) matches
  std::uint64_t warning_lines = 0;     // (?i)(warn|warning|deprecated) matches
  std::uint64_t timestamp_lines = 0;   // the seed's timestamp pattern matches
  std::vector<PatternLines> patterns;  // the user's
  LevelCounts levels{};
  std::optional<TimeUs> first_time;
  std::optional<TimeUs> last_time;
  std::string stamp_format;               // the most frequent, "none" if there are no stamps
  TimeUs bucket_us = 60 * us_per_second;  // a minute; an hour when the span is over two weeks, a day when it is over two years
  std::vector<Bucket> buckets;            // non-empty ones, in order of time
  std::vector<Gap> gaps;
  std::vector<Sample> samples;                                 // error and fatal
  std::array<std::vector<Sample>, level_count> level_samples;  // by level
  std::uint64_t out_of_order = 0;                              // stamped lines earlier than the stamp before them

  // Goes on with the summary of the lines that follow in the same log, made with the same options. Associative: any way to cut a
  // log into whole lines and to merge the parts in order gives what one pass over it gives, whichever machine made them.
  // invalid_argument if the options differ.
  [[nodiscard]] Result<LogSummary> merged_with(const LogSummary& next) const;
  // Adds the summary of another log: as above, but its lines do not follow on those of this one: no gap lies between the two.
  [[nodiscard]] Result<LogSummary> joined_with(const LogSummary& other) const;

  // All lines, also those out of the time range: by this much merging moves the line numbers of what follows.
  [[nodiscard]] std::uint64_t lines_read() const;
  // The histogram in buckets of `width_us`, a multiple of bucket_us; invalid_argument for anything else.
  [[nodiscard]] Result<std::vector<Bucket>> rebucketed(TimeUs width_us) const;
  // (start of hour, lines) for hours that have lines; of days, if the buckets are days.
  [[nodiscard]] std::vector<std::pair<TimeUs, std::uint64_t>> hourly() const;

  // Everything, also what merging needs, for another process or machine. from_bytes() takes any bytes: what is no summary is an
  // error (serialization).
  [[nodiscard]] std::string to_bytes() const;
  [[nodiscard]] static Result<LogSummary> from_bytes(std::string_view packed);

  std::shared_ptr<const SummaryPart> part;  // what merging needs; null for a summary made field by field, which cannot be merged
};

[[nodiscard]] Result<LogSummary> summarize(std::string_view bytes, const SummaryOptions& options, Job& job);

// Of the seed's patterns alone, which takes less than half the time of a summary. `threads` 0: as many as there are cores.
struct PatternCounts {
  std::uint64_t lines = 0;
  std::uint64_t error_lines = 0;
  std::uint64_t warning_lines = 0;
  std::uint64_t timestamp_lines = 0;
};
[[nodiscard]] Result<PatternCounts> count_patterns(std::string_view bytes, std::size_t threads, Job& job);

// The seed's patterns on one line, as Python's re on bytes would answer.
[[nodiscard]] bool matches_error(std::string_view line);
[[nodiscard]] bool matches_warning(std::string_view line);

}  // namespace conclave::logs
