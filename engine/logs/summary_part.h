// The summary of some neighbouring lines, which merges with that of the lines behind it. Internal to the room.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <vector>

#include "engine/logs/summary.h"
#include "engine/logs/timestamp.h"

namespace conclave::logs {

struct LineFacts {
  std::uint64_t bytes = 0;  // with its LF
  bool error = false;       // the seed's patterns
  bool warning = false;
  bool iso_stamp = false;
  Level level = Level::unknown;
  std::optional<Stamp> stamp;
};

// What is counted for any set of lines.
struct LineCounts {
  std::uint64_t lines = 0;
  std::uint64_t bytes = 0;
  std::uint64_t error_lines = 0;
  std::uint64_t warning_lines = 0;
  std::uint64_t timestamp_lines = 0;
  LevelCounts levels{};
  Bucket bucket;                // the same lines as a part of the histogram; `start` unused
  std::vector<Sample> samples;  // at most max_samples

  void append(const LineCounts& next, std::size_t max_samples);
};

// merge() is associative, so that the result does not depend on where the log was cut. Lines before the first stamp belong to the
// stamp before them, which only the part to the left knows: they wait in head_.
class SummaryPart {
 public:
  void add(const LineFacts& line, const SummaryOptions& options);
  void merge(SummaryPart next, const SummaryOptions& options);
  [[nodiscard]] LogSummary finish(const SummaryOptions& options) &&;

 private:
  struct StampedLine {
    TimeUs time = 0;
    std::uint64_t line = 0;
  };

  Bucket& bucket_at(TimeUs time);
  void add_to_bucket(TimeUs time, const Bucket& lines);
  void coarsen();
  void step(const StampedLine& from, const StampedLine& to, const SummaryOptions& options);
  void keep_longest_gaps(std::size_t max_gaps);

  std::uint64_t lines_ = 0;  // all, also those out of range: numbers the lines
  LineCounts head_;
  LineCounts body_;
  std::optional<TimeUs> last_stamp_;  // of all lines
  std::optional<StampedLine> first_in_range_;
  std::optional<StampedLine> last_in_range_;
  std::optional<TimeUs> earliest_;
  std::optional<TimeUs> latest_;
  std::array<std::uint64_t, stamp_format_count> formats_{};
  TimeUs bucket_us_ = 60 * us_per_second;
  std::map<TimeUs, Bucket> buckets_;
  Bucket* current_ = nullptr;  // the bucket used last
  std::vector<Gap> gaps_;
  std::uint64_t out_of_order_ = 0;
};

// summarize() with another size of pieces; for tests.
[[nodiscard]] Result<LogSummary> summarize_in_chunks(std::string_view bytes, const SummaryOptions& options, Job& job,
                                                     std::size_t chunk_bytes);

}  // namespace conclave::logs
