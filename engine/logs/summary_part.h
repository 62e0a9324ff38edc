// The summary of some neighbouring lines, which merges with that of the lines behind it. Internal to the room.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/logs/header_memo.h"
#include "engine/logs/summary.h"

namespace conclave::logs {

// Some lines, one behind the other.
struct LineBatch {
  static constexpr std::size_t most = HeaderMemo::batch;
  // What matches of the seed's patterns.
  static constexpr std::uint8_t error = 1;
  static constexpr std::uint8_t warning = 2;
  static constexpr std::uint8_t iso_stamp = 4;

  std::size_t count = 0;
  std::array<std::uint64_t, most> bytes;  // with the LF
  std::array<std::uint8_t, most> marks;
  std::array<Header, most> headers;
};

// What a summary keeps however it was cut: part of its value, so that parts from elsewhere can be checked to belong together.
struct SummaryLimits {
  std::optional<std::pair<TimeUs, TimeUs>> time_range;
  std::uint64_t max_gaps = 0;
  std::uint64_t max_samples = 0;
  std::uint64_t max_level_samples = 0;
  bool operator==(const SummaryLimits&) const = default;
};

// A bucket of the histogram; what Bucket says follows from it.
struct Cell {
  // By their level, and of those of unknown level apart the ones that match the error pattern and, of the others, the warning
  // pattern.
  static constexpr std::size_t undeclared_errors = level_count;
  static constexpr std::size_t undeclared_warnings = level_count + 1;
  std::array<std::uint64_t, level_count + 2> lines{};
  std::uint64_t first_error_line = 0;

  [[nodiscard]] LevelCounts levels() const;
  void add(const Cell& next);
};

// What is counted for any set of lines.
struct LineCounts {
  std::uint64_t bytes = 0;
  std::uint64_t error_lines = 0;
  std::uint64_t warning_lines = 0;
  std::uint64_t timestamp_lines = 0;
  std::vector<std::uint64_t> pattern_lines;
  std::vector<std::uint64_t> pattern_given_up;
  Cell unplaced;  // of lines without a time
  std::vector<Sample> samples;
  std::array<std::vector<Sample>, level_count> level_samples;

  void append(const LineCounts& next, const SummaryLimits& limits);
};

// merge() is associative, so that the result does not depend on where the log was cut. Lines before the first stamp belong to the
// stamp before them, which only the part to the left knows: they wait in head_.
class SummaryPart {
 public:
  explicit SummaryPart(const SummaryOptions& options);

  void add(const LineBatch& lines);
  // Of the user's patterns, one for each, of the line that was added last.
  void add_answers(const std::vector<UserPatterns::Answer>& answers);
  void merge(SummaryPart next);
  // Nothing follows on these lines, and they follow on nothing.
  void close();
  [[nodiscard]] LogSummary finish() const;

  [[nodiscard]] bool same_options(const SummaryPart& other) const { return limits_ == other.limits_ && names_ == other.names_; }
  [[nodiscard]] std::uint64_t lines_read() const { return lines_; }
  // `width` is a multiple of the part's own.
  [[nodiscard]] Result<std::vector<Bucket>> buckets_of(TimeUs width) const;
  [[nodiscard]] nlohmann::json to_json() const;
  [[nodiscard]] static SummaryPart from_json(const nlohmann::json& json);  // throws nlohmann::json::exception

 private:
  static constexpr TimeUs no_time = std::numeric_limits<TimeUs>::min();
  struct StampedLine {
    TimeUs time = no_time;
    std::uint64_t line = 0;
  };

  SummaryPart() = default;
  [[nodiscard]] bool in_range(TimeUs time) const {
    return !limits_.time_range || (time >= limits_.time_range->first && time < limits_.time_range->second);
  }
  template <bool placed>
  void count_lines(const LineBatch& lines, std::size_t from, std::size_t to);
  void keep_samples(LineCounts& counts, Cell& cell, const Sample& sample, bool grave);
  Cell& cell_at(TimeUs time);
  Cell& find_cell(TimeUs time);
  void add_to_cell(TimeUs time, const Cell& lines);
  void coarsen(TimeUs width);
  void step(const StampedLine& from, const StampedLine& to);
  void keep_gap(const Gap& gap);
  void keep_longest_gaps();
  [[nodiscard]] TimeUs final_width() const;

  SummaryLimits limits_;
  std::vector<std::string> names_;  // of the user's patterns
  std::uint64_t lines_ = 0;         // all, also those out of range: numbers the lines
  LineCounts head_;
  LineCounts body_;
  TimeUs last_stamp_ = no_time;  // of all lines
  StampedLine first_in_range_;
  StampedLine last_in_range_;
  TimeUs earliest_ = std::numeric_limits<TimeUs>::max();
  TimeUs latest_ = no_time;
  std::array<std::uint64_t, stamp_format_count> formats_{};
  TimeUs width_ = 60 * us_per_second;
  std::map<TimeUs, Cell> cells_;
  // Cells used last, by the low bits of their number. A copy of the part has cells of its own.
  struct Recent {
    static constexpr std::size_t count = 512;
    struct Entry {
      Cell* cell = nullptr;
      TimeUs number = 0;
    };
    std::array<Entry, count> entries{};
    Cell* last = nullptr;  // and the very last, by its start
    TimeUs last_start = 0;
    Recent() = default;
    Recent(const Recent& /*other*/) {}
    Recent(Recent&& other) noexcept
        : entries(std::exchange(other.entries, {})), last(std::exchange(other.last, nullptr)), last_start(other.last_start) {}
    Recent& operator=(const Recent& other) {
      if (this != &other) *this = Recent();
      return *this;
    }
    Recent& operator=(Recent&& other) noexcept {
      entries = std::exchange(other.entries, {});
      last = std::exchange(other.last, nullptr);
      last_start = other.last_start;
      return *this;
    }
    ~Recent() = default;
  } recent_;
  std::vector<Gap> gaps_;
  TimeUs least_gap_ = us_per_second;  // shorter ones are not among the longest
  std::uint64_t out_of_order_ = 0;
};

inline Cell& SummaryPart::cell_at(TimeUs time) {
  const bool last = recent_.last != nullptr && time >= recent_.last_start && time - recent_.last_start < width_;
  return last ? *recent_.last : find_cell(time);
}

inline void SummaryPart::step(const StampedLine& from, const StampedLine& to) {
  out_of_order_ += to.time < from.time ? 1 : 0;
  if (to.time >= from.time + least_gap_) keep_gap({from.time, to.time, from.line, to.line});
}

// summarize() with another size of pieces; for tests.
[[nodiscard]] Result<LogSummary> summarize_in_chunks(std::string_view bytes, const SummaryOptions& options, Job& job,
                                                     std::size_t chunk_bytes);

}  // namespace conclave::logs
