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

struct LineFacts {
  std::uint64_t bytes = 0;  // with its LF
  bool error = false;       // the seed's patterns
  bool warning = false;
  bool iso_stamp = false;
  Header header;
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
  LevelCounts levels{};
  std::uint64_t undeclared_errors = 0;    // of unknown level, and the pattern matches
  std::uint64_t undeclared_warnings = 0;  // the same, and not the error pattern
  std::uint64_t first_error_line = 0;

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

  // `answers` of the user's patterns, one for each.
  void add(const LineFacts& line, const std::vector<UserPatterns::Answer>& answers);
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
    Recent& operator=(const Recent& /*other*/) {
      entries = {};
      last = nullptr;
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

// For each line of a log: inline.
inline void SummaryPart::add(const LineFacts& line, const std::vector<UserPatterns::Answer>& answers) {
  const std::uint64_t number = ++lines_;
  const Header& header = line.header;
  if (header.stamped) last_stamp_ = header.time;
  const bool placed = last_stamp_ != no_time;
  if (placed && !in_range(last_stamp_)) return;
  if (header.stamped) {
    const StampedLine here{header.time, number};
    if (last_in_range_.line != 0) {
      step(last_in_range_, here);
    } else {
      first_in_range_ = here;
    }
    last_in_range_ = here;
    earliest_ = std::min(earliest_, here.time);
    latest_ = std::max(latest_, here.time);
    ++formats_[static_cast<std::size_t>(header.format)];
  }
  LineCounts& counts = placed ? body_ : head_;
  counts.bytes += line.bytes;
  counts.error_lines += line.error ? 1 : 0;
  counts.warning_lines += line.warning ? 1 : 0;
  counts.timestamp_lines += line.iso_stamp ? 1 : 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    counts.pattern_lines[i] += answers[i] == UserPatterns::Answer::yes ? 1 : 0;
    counts.pattern_given_up[i] += answers[i] == UserPatterns::Answer::given_up ? 1 : 0;
  }
  Cell& cell = placed ? cell_at(last_stamp_) : counts.unplaced;
  ++cell.levels[static_cast<std::size_t>(header.level)];
  auto& examples = counts.level_samples[static_cast<std::size_t>(header.level)];
  const auto sample = [&] { return Sample{number, placed ? last_stamp_ : 0, header.level}; };
  if (examples.size() < limits_.max_level_samples) examples.push_back(sample());
  if (header.level == Level::unknown) {
    if (!line.error) {
      cell.undeclared_warnings += line.warning ? 1 : 0;
      return;
    }
    ++cell.undeclared_errors;
  } else if (header.level < Level::error) {
    return;
  }
  if (cell.first_error_line == 0) cell.first_error_line = number;
  if (counts.samples.size() < limits_.max_samples) counts.samples.push_back(sample());
}

inline Cell& SummaryPart::cell_at(TimeUs time) {
  const bool last = recent_.last != nullptr && time >= recent_.last_start && time - recent_.last_start < width_;
  return last ? *recent_.last : find_cell(time);
}

inline void SummaryPart::step(const StampedLine& from, const StampedLine& to) {
  if (to.time < from.time) ++out_of_order_;
  if (to.time >= from.time + least_gap_) keep_gap({from.time, to.time, from.line, to.line});
}

// summarize() with another size of pieces; for tests.
[[nodiscard]] Result<LogSummary> summarize_in_chunks(std::string_view bytes, const SummaryOptions& options, Job& job,
                                                     std::size_t chunk_bytes);

}  // namespace conclave::logs
