#include "engine/logs/summary_part.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace conclave::logs {
namespace {

constexpr TimeUs us_per_hour = 3600 * us_per_second;
constexpr TimeUs two_weeks = 14 * 24 * us_per_hour;

TimeUs floor_to(TimeUs time, TimeUs width) {
  const TimeUs rest = time % width;
  return time - (rest < 0 ? rest + width : rest);
}

bool in_range(TimeUs time, const SummaryOptions& options) {
  return !options.time_range || (time >= options.time_range->first && time < options.time_range->second);
}

void append_bucket(Bucket& to, const Bucket& next) {
  to.lines += next.lines;
  to.error_lines += next.error_lines;
  to.warning_lines += next.warning_lines;
  if (to.first_error_line == 0 || (next.first_error_line != 0 && next.first_error_line < to.first_error_line)) {
    to.first_error_line = next.first_error_line;
  }
}

// Line numbers of a part start at 1; this moves them behind the lines before it.
void shift(LineCounts& counts, std::uint64_t lines) {
  if (counts.bucket.first_error_line != 0) counts.bucket.first_error_line += lines;
  for (Sample& sample : counts.samples) sample.line += lines;
}

}  // namespace

void LineCounts::append(const LineCounts& next, std::size_t max_samples) {
  lines += next.lines;
  bytes += next.bytes;
  error_lines += next.error_lines;
  warning_lines += next.warning_lines;
  timestamp_lines += next.timestamp_lines;
  for (std::size_t i = 0; i < level_count; ++i) levels[i] += next.levels[i];
  append_bucket(bucket, next.bucket);
  const std::size_t room = max_samples - std::min(max_samples, samples.size());
  samples.insert(samples.end(), next.samples.begin(),
                 next.samples.begin() + static_cast<std::ptrdiff_t>(std::min(room, next.samples.size())));
}

void SummaryPart::add(const LineFacts& line, const SummaryOptions& options) {
  const std::uint64_t number = ++lines_;
  if (line.stamp) last_stamp_ = line.stamp->time;
  if (last_stamp_ && !in_range(*last_stamp_, options)) return;
  if (line.stamp) {
    const StampedLine here{line.stamp->time, number};
    if (last_in_range_) step(*last_in_range_, here, options);
    if (!first_in_range_) first_in_range_ = here;
    last_in_range_ = here;
    earliest_ = std::min(earliest_.value_or(here.time), here.time);
    latest_ = std::max(latest_.value_or(here.time), here.time);
    ++formats_[static_cast<std::size_t>(line.stamp->format)];
  }
  LineCounts& counts = last_stamp_ ? body_ : head_;
  ++counts.lines;
  counts.bytes += line.bytes;
  counts.error_lines += line.error ? 1 : 0;
  counts.warning_lines += line.warning ? 1 : 0;
  counts.timestamp_lines += line.iso_stamp ? 1 : 0;
  ++counts.levels[static_cast<std::size_t>(line.level)];
  const bool undeclared = line.level == Level::unknown;
  const bool grave = line.level == Level::error || line.level == Level::fatal || (undeclared && line.error);
  const bool warns = line.level == Level::warning || (undeclared && line.warning && !line.error);
  Bucket& bucket = last_stamp_ ? bucket_at(*last_stamp_) : head_.bucket;
  ++bucket.lines;
  if (warns) ++bucket.warning_lines;
  if (!grave) return;
  ++bucket.error_lines;
  if (bucket.first_error_line == 0) bucket.first_error_line = number;
  if (counts.samples.size() < options.max_samples) counts.samples.push_back({number, last_stamp_.value_or(0), line.level});
}

Bucket& SummaryPart::bucket_at(TimeUs time) {
  const TimeUs start = floor_to(time, bucket_us_);
  if (current_ != nullptr && current_->start == start) return *current_;
  // More minutes than two weeks have: the span is longer, and hours will be asked for in the end.
  if (bucket_us_<us_per_hour&& static_cast<TimeUs>(buckets_.size())> two_weeks / bucket_us_ + 1) {
    coarsen();
    return bucket_at(time);
  }
  current_ = &buckets_[start];
  current_->start = start;
  return *current_;
}

void SummaryPart::add_to_bucket(TimeUs time, const Bucket& lines) {
  if (lines.lines != 0) append_bucket(bucket_at(time), lines);
}

void SummaryPart::coarsen() {
  std::map<TimeUs, Bucket> minutes = std::exchange(buckets_, {});
  current_ = nullptr;
  bucket_us_ = us_per_hour;
  for (const auto& [start, bucket] : minutes) add_to_bucket(start, bucket);
}

void SummaryPart::step(const StampedLine& from, const StampedLine& to, const SummaryOptions& options) {
  if (to.time < from.time) ++out_of_order_;
  if (to.time < from.time + us_per_second || options.max_gaps == 0) return;
  gaps_.push_back({from.time, to.time, from.line, to.line});
  if (gaps_.size() >= options.max_gaps * 4 + 64) keep_longest_gaps(options.max_gaps);
}

void SummaryPart::keep_longest_gaps(std::size_t max_gaps) {
  if (gaps_.size() <= max_gaps) return;
  const auto longer = [](const Gap& a, const Gap& b) {
    return std::make_tuple(b.to - b.from, a.line_before) < std::make_tuple(a.to - a.from, b.line_before);
  };
  std::nth_element(gaps_.begin(), gaps_.begin() + static_cast<std::ptrdiff_t>(max_gaps), gaps_.end(), longer);
  gaps_.resize(max_gaps);
}

void SummaryPart::merge(SummaryPart next, const SummaryOptions& options) {
  const std::uint64_t before = lines_;
  lines_ += next.lines_;
  shift(next.head_, before);
  shift(next.body_, before);
  if (!last_stamp_) {
    head_.append(next.head_, options.max_samples);
  } else if (in_range(*last_stamp_, options)) {
    for (Sample& sample : next.head_.samples) sample.time = *last_stamp_;
    add_to_bucket(*last_stamp_, std::exchange(next.head_.bucket, {}));
    body_.append(next.head_, options.max_samples);
  }
  body_.append(next.body_, options.max_samples);
  if (next.bucket_us_ > bucket_us_) coarsen();
  for (auto& [start, bucket] : next.buckets_) {
    if (bucket.first_error_line != 0) bucket.first_error_line += before;
    add_to_bucket(start, bucket);
  }
  for (const Gap& gap : next.gaps_) gaps_.push_back({gap.from, gap.to, gap.line_before + before, gap.line_after + before});
  out_of_order_ += next.out_of_order_;
  if (next.first_in_range_) {
    next.first_in_range_->line += before;
    next.last_in_range_->line += before;
    if (last_in_range_) step(*last_in_range_, *next.first_in_range_, options);
    if (!first_in_range_) first_in_range_ = next.first_in_range_;
    last_in_range_ = next.last_in_range_;
    earliest_ = std::min(earliest_.value_or(*next.earliest_), *next.earliest_);
    latest_ = std::max(latest_.value_or(*next.latest_), *next.latest_);
  }
  keep_longest_gaps(options.max_gaps);
  for (std::size_t i = 0; i < formats_.size(); ++i) formats_[i] += next.formats_[i];
  if (next.last_stamp_) last_stamp_ = next.last_stamp_;
}

LogSummary SummaryPart::finish(const SummaryOptions& options) && {
  LineCounts all;
  if (!options.time_range) all.append(head_, options.max_samples);  // without a time no line is in a range
  all.append(body_, options.max_samples);
  if (earliest_ && *latest_ - *earliest_ > two_weeks && bucket_us_ < us_per_hour) coarsen();
  LogSummary summary;
  summary.lines = all.lines;
  summary.bytes = all.bytes;
  summary.error_lines = all.error_lines;
  summary.warning_lines = all.warning_lines;
  summary.timestamp_lines = all.timestamp_lines;
  summary.levels = all.levels;
  summary.samples = std::move(all.samples);
  summary.first_time = earliest_;
  summary.last_time = latest_;
  const auto most = std::max_element(formats_.begin(), formats_.end());
  summary.stamp_format = stamp_format_name(*most == 0 ? StampFormat::none : static_cast<StampFormat>(most - formats_.begin()));
  summary.bucket_us = bucket_us_;
  for (const auto& [start, bucket] : buckets_) summary.buckets.push_back(bucket);
  keep_longest_gaps(options.max_gaps);
  std::sort(gaps_.begin(), gaps_.end(), [](const Gap& a, const Gap& b) {
    return std::make_pair(a.from, a.line_before) < std::make_pair(b.from, b.line_before);
  });
  summary.gaps = std::move(gaps_);
  summary.out_of_order = out_of_order_;
  return summary;
}

}  // namespace conclave::logs
