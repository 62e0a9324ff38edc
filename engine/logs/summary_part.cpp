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
constexpr std::size_t enough_cells = 64;  // narrower than will be asked for in the end

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

// Where a cell counts a line: by level, then by the marks of the error and the warning pattern.
constexpr std::size_t word_marks = LineBatch::error | LineBatch::warning;
constexpr auto kinds = [] {
  std::array<std::uint8_t, level_count*(word_marks + 1)> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    const std::size_t level = i / (word_marks + 1);
    const bool undeclared = level == 0 && i != 0;
    const std::size_t kind = !undeclared                   ? level
                             : (i & LineBatch::error) != 0 ? Cell::undeclared_errors
                                                           : Cell::undeclared_warnings;
    table[i] = static_cast<std::uint8_t>(kind);
  }
  return table;
}();

Bucket bucket_from(TimeUs start, const Cell& cell) {
  Bucket bucket;
  bucket.start = start;
  bucket.levels = cell.levels();
  for (const std::uint64_t lines : cell.lines) bucket.lines += lines;
  const auto lines_of = [&](Level level) { return cell.lines[static_cast<std::size_t>(level)]; };
  bucket.error_lines = lines_of(Level::error) + lines_of(Level::fatal) + cell.lines[Cell::undeclared_errors];
  bucket.warning_lines = lines_of(Level::warning) + cell.lines[Cell::undeclared_warnings];
  bucket.first_error_line = cell.first_error_line;
  return bucket;
}

}  // namespace

LevelCounts Cell::levels() const {
  LevelCounts levels{};
  std::copy_n(lines.begin(), level_count, levels.begin());
  levels[0] += lines[undeclared_errors] + lines[undeclared_warnings];
  return levels;
}

void Cell::add(const Cell& next) {
  for (std::size_t i = 0; i < lines.size(); ++i) lines[i] += next.lines[i];
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

void SummaryPart::add(const LineBatch& lines) {
  std::size_t from = 0;
  if (last_stamp_ == no_time) {
    while (from < lines.count && !lines.headers[from].stamped) ++from;
    count_lines<false>(lines, 0, from);
  }
  count_lines<true>(lines, from, lines.count);
}

// What changes with each line is kept in variables of the loop, so that it need not go through memory.
template <bool placed>
inline void SummaryPart::count_lines(const LineBatch& lines, std::size_t from, std::size_t to) {
  LineCounts& counts = placed ? body_ : head_;
  const bool ranged = placed && limits_.time_range.has_value();
  const auto has_room = [&](std::size_t level) { return counts.level_samples[level].size() < limits_.max_level_samples; };
  unsigned open_levels = 0;  // one bit each: samples are still wanted
  for (std::size_t level = 0; level < level_count; ++level) open_levels |= has_room(level) ? 1U << level : 0;
  const bool open = counts.samples.size() < limits_.max_samples;
  std::uint64_t bytes = 0;
  std::uint64_t errors = 0;
  std::uint64_t warnings = 0;
  std::uint64_t iso_stamps = 0;
  std::uint64_t number = lines_;
  TimeUs last_stamp = last_stamp_;
  StampedLine last = last_in_range_;
  for (std::size_t i = from; i < to; ++i) {
    const Header& header = lines.headers[i];
    ++number;
    if (placed) {
      last_stamp = header.stamped ? header.time : last_stamp;
      if (ranged && !in_range(last_stamp)) continue;
      if (header.stamped) {
        const StampedLine here{header.time, number};
        if (last.line == 0) {
          first_in_range_ = here;
        } else {
          step(last, here);
        }
        last = here;
        earliest_ = std::min(earliest_, here.time);
        latest_ = std::max(latest_, here.time);
        ++formats_[static_cast<std::size_t>(header.format)];
      }
    }
    const unsigned marks = lines.marks[i];
    bytes += lines.bytes[i];
    errors += marks & LineBatch::error;
    warnings += (marks & LineBatch::warning) / LineBatch::warning;
    iso_stamps += (marks & LineBatch::iso_stamp) / LineBatch::iso_stamp;
    Cell& cell = placed ? cell_at(last_stamp) : counts.unplaced;
    const auto level = static_cast<std::size_t>(header.level);
    const std::size_t kind = kinds[level * (word_marks + 1) + (marks & word_marks)];
    ++cell.lines[kind];
    const bool grave = kind >= static_cast<std::size_t>(Level::error) && kind <= Cell::undeclared_errors;
    const bool wanted = grave && (open || cell.first_error_line == 0);
    if (wanted || (open_levels >> level & 1U) != 0) {
      keep_samples(counts, cell, {number, placed ? last_stamp : 0, header.level}, grave);
      if (!has_room(level)) open_levels &= ~(1U << level);
    }
  }
  counts.bytes += bytes;
  counts.error_lines += errors;
  counts.warning_lines += warnings;
  counts.timestamp_lines += iso_stamps;
  lines_ = number;
  last_stamp_ = last_stamp;
  last_in_range_ = last;
}

void SummaryPart::keep_samples(LineCounts& counts, Cell& cell, const Sample& sample, bool grave) {
  auto& examples = counts.level_samples[static_cast<std::size_t>(sample.level)];
  if (examples.size() < limits_.max_level_samples) examples.push_back(sample);
  if (!grave) return;
  if (cell.first_error_line == 0) cell.first_error_line = sample.line;
  if (counts.samples.size() < limits_.max_samples) counts.samples.push_back(sample);
}

void SummaryPart::add_answers(const std::vector<UserPatterns::Answer>& answers) {
  const bool placed = last_stamp_ != no_time;
  if (placed && !in_range(last_stamp_)) return;
  LineCounts& counts = placed ? body_ : head_;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    counts.pattern_lines[i] += answers[i] == UserPatterns::Answer::yes ? 1 : 0;
    counts.pattern_given_up[i] += answers[i] == UserPatterns::Answer::given_up ? 1 : 0;
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
  if (cells_.size() >= enough_cells && final_width() != width_) {
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
  earliest_ = std::min(earliest_, next.earliest_);
  latest_ = std::max(latest_, next.latest_);
  if (next.width_ > width_) coarsen(next.width_);
  if (last_stamp_ == no_time) {
    head_.append(next.head_, limits_);
  } else if (in_range(last_stamp_)) {
    for_samples(next.head_, [&](Sample& sample) { sample.time = last_stamp_; });
    const Cell waiting = std::exchange(next.head_.unplaced, {});
    if (std::any_of(waiting.lines.begin(), waiting.lines.end(), [](std::uint64_t lines) { return lines != 0; })) {
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
  Cell total = all.unplaced;
  for (const auto& [start, cell] : cells_) total.add(cell);
  summary.levels = total.levels();
  for (const std::uint64_t lines : total.lines) summary.lines += lines;
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
