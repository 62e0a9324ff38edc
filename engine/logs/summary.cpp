#include "engine/logs/summary.h"

#include <memory>

#include "engine/logs/chunks.h"
#include "engine/logs/summary_part.h"
#include "engine/logs/summary_scan.h"

namespace conclave::logs {
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

Result<LogSummary> LogSummary::merged_with(const LogSummary& next) const {
  if (!part || !next.part || !part->same_options(*next.part)) {
    return fail(ErrorKind::invalid_argument, "only summaries made with the same options can be merged");
  }
  SummaryPart whole(*part);
  whole.merge(*next.part);
  return whole.finish();
}

Result<LogSummary> LogSummary::joined_with(const LogSummary& other) const {
  if (!part || !other.part || !part->same_options(*other.part)) {
    return fail(ErrorKind::invalid_argument, "only summaries made with the same options can be joined");
  }
  SummaryPart whole(*part);
  whole.close();
  SummaryPart behind(*other.part);
  behind.close();
  whole.merge(std::move(behind));
  return whole.finish();
}

std::uint64_t LogSummary::lines_read() const { return part ? part->lines_read() : lines; }

Result<std::vector<Bucket>> LogSummary::rebucketed(TimeUs width_us) const {
  if (!part) return fail(ErrorKind::invalid_argument, "this summary was not made from a log");
  return part->buckets_of(width_us);
}

Result<LogSummary> summarize_in_chunks(std::string_view bytes, const SummaryOptions& options, Job& job, std::size_t chunk_bytes) {
  if (options.time_range && options.time_range->first > options.time_range->second) {
    return fail(ErrorKind::invalid_argument, "the time range ends before it begins");
  }
  SummaryOptions settled = options;
  if (settled.reference == 0) settled.reference = now_us();
  job.begin("summarizing", bytes.size(), "B");
  SummaryPart whole(settled);
  WarmTools<SummaryScan> scans([&] { return std::make_unique<SummaryScan>(settled); });
  for_chunks_in_order(
      bytes, chunk_bytes, job,
      [&](std::string_view chunk) { return scans.with([&](SummaryScan& scan) { return scan.run(bytes, chunk, job); }); },
      [&](SummaryPart part) { whole.merge(std::move(part)); }, settled.threads);
  if (job.stopped()) return fail_cancelled();
  return whole.finish();
}

Result<PatternCounts> count_patterns(std::string_view bytes, std::size_t threads, Job& job) {
  const SummaryOptions options;
  job.begin("counting", bytes.size(), "B");
  PatternCounts whole;
  WarmTools<SummaryScan> scans(
      [&] { return std::make_unique<SummaryScan>(options, widest_instructions(), SummaryScan::Reads::patterns); });
  for_chunks_in_order(
      bytes, default_chunk_bytes, job,
      [&](std::string_view chunk) { return scans.with([&](SummaryScan& scan) { return scan.count(bytes, chunk, job); }); },
      [&](const PatternCounts& part) {
        whole.lines += part.lines;
        whole.error_lines += part.error_lines;
        whole.warning_lines += part.warning_lines;
        whole.timestamp_lines += part.timestamp_lines;
      },
      threads);
  if (job.stopped()) return fail_cancelled();
  return whole;
}

Result<LogSummary> summarize(std::string_view bytes, const SummaryOptions& options, Job& job) {
  return summarize_in_chunks(bytes, options, job, default_chunk_bytes);
}

}  // namespace conclave::logs
