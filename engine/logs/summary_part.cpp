#include "engine/logs/summary_part.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace conclave::logs {
namespace {

constexpr TimeUs us_per_minute = 60 * us_per_second;
constexpr TimeUs us_per_hour = 60 * us_per_minute;
constexpr TimeUs us_per_day = 24 * us_per_hour;
constexpr TimeUs two_weeks = 14 * us_per_day;
constexpr TimeUs two_years = 731 * us_per_day;

TimeUs floor_to(TimeUs time, TimeUs width) {
  const TimeUs rest = time % width;
  return time - (rest < 0 ? rest + width : rest);
}

TimeUs width_for(TimeUs span) { return span <= two_weeks ? us_per_minute : span <= two_years ? us_per_hour : us_per_day; }

void append_up_to(std::vector<Sample>& to, const std::vector<Sample>& next, std::uint64_t most) {
  for (std::size_t i = 0; i < next.size() && to.size() < most; ++i) to.push_back(next[i]);
}

void add_each(std::vector<std::uint64_t>& to, const std::vector<std::uint64_t>& next) {
  to.resize(std::max(to.size(), next.size()));
  for (std::size_t i = 0; i < next.size(); ++i) to[i] += next[i];
}

template <class Change>
void for_samples(LineCounts& counts, const Change& change) {
  for (Sample& sample : counts.samples) change(sample);
  for (auto& samples : counts.level_samples) {
    for (Sample& sample : samples) change(sample);
  }
}

// Line numbers of a part start at 1; this moves them behind the lines before it.
void shift(LineCounts& counts, std::uint64_t lines) {
  if (counts.unplaced.first_error_line != 0) counts.unplaced.first_error_line += lines;
  for_samples(counts, [&](Sample& sample) { sample.line += lines; });
}

std::uint64_t count(const LevelCounts& levels, Level level) { return levels[static_cast<std::size_t>(level)]; }

Bucket bucket_from(TimeUs start, const Cell& cell) {
  Bucket bucket;
  bucket.start = start;
  bucket.levels = cell.levels;
  for (const std::uint64_t lines : cell.levels) bucket.lines += lines;
  bucket.error_lines = count(cell.levels, Level::error) + count(cell.levels, Level::fatal) + cell.undeclared_errors;
  bucket.warning_lines = count(cell.levels, Level::warning) + cell.undeclared_warnings;
  bucket.first_error_line = cell.first_error_line;
  return bucket;
}

}  // namespace

void Cell::add(const Cell& next) {
  for (std::size_t i = 0; i < level_count; ++i) levels[i] += next.levels[i];
  undeclared_errors += next.undeclared_errors;
  undeclared_warnings += next.undeclared_warnings;
  if (first_error_line == 0 || (next.first_error_line != 0 && next.first_error_line < first_error_line)) {
    first_error_line = next.first_error_line;
  }
}

void LineCounts::append(const LineCounts& next, const SummaryLimits& limits) {
  bytes += next.bytes;
  error_lines += next.error_lines;
  warning_lines += next.warning_lines;
  timestamp_lines += next.timestamp_lines;
  add_each(pattern_lines, next.pattern_lines);
  add_each(pattern_given_up, next.pattern_given_up);
  unplaced.add(next.unplaced);
  append_up_to(samples, next.samples, limits.max_samples);
  for (std::size_t i = 0; i < level_count; ++i) append_up_to(level_samples[i], next.level_samples[i], limits.max_level_samples);
}

SummaryPart::SummaryPart(const SummaryOptions& options)
    : limits_{options.time_range, options.max_gaps, options.max_samples, options.max_level_samples} {
  for (std::size_t i = 0; options.patterns && i < options.patterns->size(); ++i) names_.push_back(options.patterns->name(i));
  for (LineCounts* const counts : {&head_, &body_}) {
    counts->pattern_lines.resize(names_.size());
    counts->pattern_given_up.resize(names_.size());
  }
}

Cell& SummaryPart::find_cell(TimeUs time) {
  const auto number_of = [&](TimeUs width) { return time / width - (time % width < 0 ? 1 : 0); };
  // By constants, which is multiplying.
  const TimeUs number = width_ == us_per_minute ? number_of(us_per_minute)
                        : width_ == us_per_hour ? number_of(us_per_hour)
                                                : number_of(us_per_day);
  const TimeUs start = number * width_;
  auto& recent = recent_.entries[static_cast<std::size_t>(number) % Recent::count];
  recent_.last_start = start;
  if (recent.cell != nullptr && recent.number == number) return *(recent_.last = recent.cell);
  // More cells than the longest span for this width has: the span is longer, and wider ones will be asked for in the end.
  if (width_ != us_per_day &&
      static_cast<TimeUs>(cells_.size()) > (width_ == us_per_minute ? two_weeks : two_years) / width_ + 1) {
    coarsen(width_ == us_per_minute ? us_per_hour : us_per_day);
    return cell_at(time);
  }
  recent = {&cells_[start], number};
  return *(recent_.last = recent.cell);
}

void SummaryPart::add_to_cell(TimeUs time, const Cell& lines) { cell_at(time).add(lines); }

void SummaryPart::coarsen(TimeUs width) {
  const std::map<TimeUs, Cell> narrow = std::exchange(cells_, {});
  recent_ = {};
  width_ = width;
  for (const auto& [start, cell] : narrow) add_to_cell(start, cell);
}

void SummaryPart::keep_gap(const Gap& gap) {
  if (limits_.max_gaps == 0) return;
  gaps_.push_back(gap);
  if (gaps_.size() >= limits_.max_gaps * 4 + 64) keep_longest_gaps();
}

void SummaryPart::keep_longest_gaps() {
  if (gaps_.size() <= limits_.max_gaps) return;
  const auto longer = [](const Gap& a, const Gap& b) {
    return std::make_tuple(b.to - b.from, a.line_before) < std::make_tuple(a.to - a.from, b.line_before);
  };
  std::nth_element(gaps_.begin(), gaps_.begin() + static_cast<std::ptrdiff_t>(limits_.max_gaps), gaps_.end(), longer);
  gaps_.resize(limits_.max_gaps);
  if (gaps_.empty()) return;
  const auto shorter = [](const Gap& a, const Gap& b) { return a.to - a.from < b.to - b.from; };
  const Gap& shortest = *std::min_element(gaps_.begin(), gaps_.end(), shorter);
  least_gap_ = std::max(least_gap_, shortest.to - shortest.from);
}

void SummaryPart::merge(SummaryPart next) {
  const std::uint64_t before = lines_;
  lines_ += next.lines_;
  shift(next.head_, before);
  shift(next.body_, before);
  if (next.width_ > width_) coarsen(next.width_);
  if (last_stamp_ == no_time) {
    head_.append(next.head_, limits_);
  } else if (in_range(last_stamp_)) {
    for_samples(next.head_, [&](Sample& sample) { sample.time = last_stamp_; });
    const Cell waiting = std::exchange(next.head_.unplaced, {});
    if (std::any_of(waiting.levels.begin(), waiting.levels.end(), [](std::uint64_t lines) { return lines != 0; })) {
      add_to_cell(last_stamp_, waiting);
    }
    body_.append(next.head_, limits_);
  }
  body_.append(next.body_, limits_);
  for (auto& [start, cell] : next.cells_) {
    if (cell.first_error_line != 0) cell.first_error_line += before;
    add_to_cell(start, cell);
  }
  for (const Gap& gap : next.gaps_) gaps_.push_back({gap.from, gap.to, gap.line_before + before, gap.line_after + before});
  out_of_order_ += next.out_of_order_;
  if (next.first_in_range_.line != 0) {
    next.first_in_range_.line += before;
    next.last_in_range_.line += before;
    if (last_in_range_.line != 0) step(last_in_range_, next.first_in_range_);
    if (first_in_range_.line == 0) first_in_range_ = next.first_in_range_;
    last_in_range_ = next.last_in_range_;
  }
  earliest_ = std::min(earliest_, next.earliest_);
  latest_ = std::max(latest_, next.latest_);
  keep_longest_gaps();
  for (std::size_t i = 0; i < formats_.size(); ++i) formats_[i] += next.formats_[i];
  if (next.last_stamp_ != no_time) last_stamp_ = next.last_stamp_;
}

void SummaryPart::close() {
  LineCounts head = std::exchange(head_, {});
  if (!limits_.time_range) {  // without a time no line is in a range
    LineCounts rest = std::exchange(body_, std::move(head));
    body_.append(rest, limits_);
  }
  head_.pattern_lines.resize(names_.size());
  head_.pattern_given_up.resize(names_.size());
  last_stamp_ = no_time;
  first_in_range_ = {};
  last_in_range_ = {};
}

TimeUs SummaryPart::final_width() const { return latest_ == no_time ? width_ : std::max(width_, width_for(latest_ - earliest_)); }

Result<std::vector<Bucket>> SummaryPart::buckets_of(TimeUs width) const {
  if (width <= 0 || width % width_ != 0) {
    return fail(ErrorKind::invalid_argument, "buckets can be made wider only by a whole factor");
  }
  std::vector<Bucket> buckets;
  Cell cell;
  for (auto next = cells_.begin(); next != cells_.end();) {
    cell.add(next->second);
    const TimeUs start = floor_to(next->first, width);
    ++next;
    if (next != cells_.end() && floor_to(next->first, width) == start) continue;
    buckets.push_back(bucket_from(start, std::exchange(cell, {})));
  }
  return buckets;
}

LogSummary SummaryPart::finish() const {
  LineCounts all;
  if (!limits_.time_range) all.append(head_, limits_);
  all.append(body_, limits_);
  LogSummary summary;
  for (std::size_t level = 0; level < level_count; ++level) {
    summary.levels[level] = all.unplaced.levels[level];
    for (const auto& [start, cell] : cells_) summary.levels[level] += cell.levels[level];
    summary.lines += summary.levels[level];
  }
  summary.bytes = all.bytes;
  summary.error_lines = all.error_lines;
  summary.warning_lines = all.warning_lines;
  summary.timestamp_lines = all.timestamp_lines;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    summary.patterns.push_back({names_[i], all.pattern_lines[i], all.pattern_given_up[i]});
  }
  summary.samples = std::move(all.samples);
  summary.level_samples = std::move(all.level_samples);
  if (latest_ != no_time) {
    summary.first_time = earliest_;
    summary.last_time = latest_;
  }
  const auto most = std::max_element(formats_.begin(), formats_.end());
  summary.stamp_format = stamp_format_name(*most == 0 ? StampFormat::none : static_cast<StampFormat>(most - formats_.begin()));
  summary.bucket_us = final_width();
  summary.buckets = *buckets_of(summary.bucket_us);
  summary.gaps = gaps_;
  if (summary.gaps.size() > limits_.max_gaps) {
    SummaryPart sorted(*this);
    sorted.keep_longest_gaps();
    summary.gaps = sorted.gaps_;
  }
  std::sort(summary.gaps.begin(), summary.gaps.end(), [](const Gap& a, const Gap& b) {
    return std::make_pair(a.from, a.line_before) < std::make_pair(b.from, b.line_before);
  });
  summary.out_of_order = out_of_order_;
  summary.part = std::make_shared<const SummaryPart>(*this);
  return summary;
}

}  // namespace conclave::logs
