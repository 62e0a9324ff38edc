#include "engine/logs/summary.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "engine/logs/chunks.h"
#include "engine/logs/patterns.h"
#include "engine/logs/summary_part.h"

namespace conclave::logs {
namespace {

// Walks over a chunk 4 KiB at a time: masks first, then the set bits from left to right.
class ChunkScan {
 public:
  ChunkScan(std::string_view chunk, const SummaryOptions& options, const Job& job)
      : chunk_(chunk), options_(options), job_(job) {}

  SummaryPart run() {
    for (std::size_t begin = 0; begin < chunk_.size(); begin += window_bytes) {
      if (begin % (window_bytes * 16) == 0 && job_.stopped()) return std::move(part_);
      const std::size_t size = std::min(window_bytes, chunk_.size() - begin);
      const std::size_t blocks = (size + block_bytes - 1) / block_bytes;
      const char* bytes = chunk_.data() + begin;
      if (chunk_.size() - begin < blocks * block_bytes + block_lookahead) {
        padded_.fill('\0');
        std::memcpy(padded_.data(), bytes, std::min(chunk_.size() - begin, padded_.size()));
        bytes = padded_.data();
      }
      find_masks(bytes, blocks, masks_.data());
      for (std::size_t block = 0; block < blocks; ++block) scan_block(begin + block * block_bytes, masks_[block]);
    }
    if (line_begin_ < chunk_.size()) end_line(chunk_.size(), chunk_.size());
    return std::move(part_);
  }

 private:
  static constexpr std::size_t window_bytes = 4096;

  void scan_block(std::size_t begin, const BlockMasks& masks) {
    const std::uint64_t candidates = masks.error | masks.warning | masks.stamp;
    for (std::uint64_t bits = masks.newline | candidates; bits != 0; bits &= bits - 1) {
      const std::uint64_t bit = bits & (~bits + 1);
      const std::size_t at = begin + static_cast<std::size_t>(std::countr_zero(bits));
      if ((masks.newline & bit) != 0) {
        end_line(at, at + 1);
        continue;
      }
      if ((masks.error & bit) != 0 && !facts_.error) facts_.error = is_error_at(chunk_, at);
      if ((masks.warning & bit) != 0 && !facts_.warning) facts_.warning = is_warning_at(chunk_, at);
      if ((masks.stamp & bit) != 0 && !facts_.iso_stamp) facts_.iso_stamp = is_stamp_at(chunk_, at);
    }
  }

  void end_line(std::size_t end, std::size_t next) {
    const std::string_view line = chunk_.substr(line_begin_, end - line_begin_);
    facts_.bytes = next - line_begin_;
    facts_.level = level_of(line);
    facts_.stamp = find_stamp(line, options_.reference);
    part_.add(facts_, options_);
    facts_ = {};
    line_begin_ = next;
  }

  std::string_view chunk_;
  const SummaryOptions& options_;
  const Job& job_;
  SummaryPart part_;
  LineFacts facts_;
  std::size_t line_begin_ = 0;
  std::array<BlockMasks, window_bytes / block_bytes> masks_;
  std::array<char, window_bytes + block_lookahead> padded_;
};

}  // namespace

std::vector<std::pair<TimeUs, std::uint64_t>> LogSummary::hourly() const {
  constexpr TimeUs hour = 3600 * us_per_second;
  std::vector<std::pair<TimeUs, std::uint64_t>> hours;
  for (const Bucket& bucket : buckets) {
    const TimeUs rest = bucket.start % hour;
    const TimeUs start = bucket.start - (rest < 0 ? rest + hour : rest);
    if (hours.empty() || hours.back().first != start) hours.emplace_back(start, 0);
    hours.back().second += bucket.lines;
  }
  return hours;
}

Result<LogSummary> summarize_in_chunks(std::string_view bytes, const SummaryOptions& options, Job& job, std::size_t chunk_bytes) {
  if (options.time_range && options.time_range->first > options.time_range->second) {
    return fail(ErrorKind::invalid_argument, "the time range ends before it begins");
  }
  SummaryOptions settled = options;
  if (settled.reference == 0) settled.reference = now_us();
  job.begin("summarizing", bytes.size(), "B");
  SummaryPart whole;
  for_chunks_in_order(
      bytes, chunk_bytes, job, [&](std::string_view chunk) { return ChunkScan(chunk, settled, job).run(); },
      [&](SummaryPart part) { whole.merge(std::move(part), settled); });
  if (job.stopped()) return fail_cancelled();
  return std::move(whole).finish(settled);
}

Result<LogSummary> summarize(std::string_view bytes, const SummaryOptions& options, Job& job) {
  return summarize_in_chunks(bytes, options, job, default_chunk_bytes);
}

}  // namespace conclave::logs
