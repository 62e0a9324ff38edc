#include "engine/logs/template_times.h"

#include <algorithm>
#include <array>
#include <limits>

#include "engine/logs/chunks.h"
#include "engine/logs/header_memo.h"
#include "engine/logs/template_pass.h"

namespace conclave::logs {
namespace {

constexpr std::size_t most_buckets = 512;
constexpr TimeUs no_time = std::numeric_limits<TimeUs>::min();

// Round widths, so that a bucket begins where people expect it, counted from the epoch.
TimeUs bucket_width(TimeUs span) {
  constexpr std::array<TimeUs, 14> seconds = {1, 2, 5, 10, 30, 60, 300, 600, 1800, 3600, 10'800, 21'600, 43'200, 86'400};
  for (const TimeUs each : seconds) {
    if (span / (each * us_per_second) < static_cast<TimeUs>(most_buckets) - 1) return each * us_per_second;
  }
  const TimeUs day = seconds.back() * us_per_second;
  return (span / day / static_cast<TimeUs>(most_buckets - 1) + 1) * day;
}

std::vector<TimeUs> times_of(std::string_view chunk, HeaderMemo& headers, const Job& job) {
  std::vector<TimeUs> times;
  const char* const end = chunk.data() + chunk.size();
  TimeUs last = no_time;
  std::array<std::string_view, HeaderMemo::batch> lines;
  std::array<Header, HeaderMemo::batch> found;
  while (!chunk.empty() && !job.stopped()) {
    std::size_t count = 0;
    for (; count < lines.size() && !chunk.empty(); ++count) lines[count] = take_line(chunk);
    headers.read(std::span(lines).first(count), static_cast<std::size_t>(end - lines[0].data()), found.data());
    for (std::size_t i = 0; i < count; ++i) {
      if (found[i].stamped) last = found[i].time;
      times.push_back(last);
    }
  }
  return times;
}

}  // namespace

TemplateTimes template_times(std::span<const std::string_view> logs, const TemplateGroups& groups, TimeUs reference, Job& job) {
  TemplateTimes times;
  TimeUs first = 0;
  TimeUs last = 0;
  bool any = false;
  for (const Template& found : groups.templates) {
    if (found.first_time == 0 && found.last_time == 0) continue;
    first = any ? std::min(first, found.first_time) : found.first_time;
    last = any ? std::max(last, found.last_time) : found.last_time;
    any = true;
  }
  times.spans.resize(logs.size());
  if (!any) return times;
  times.bucket_us = bucket_width(last - first);
  const TimeUs below = first % times.bucket_us;
  times.start = first - (below < 0 ? below + times.bucket_us : below);
  times.buckets = static_cast<std::size_t>((last - times.start) / times.bucket_us) + 1;
  times.counts.assign(groups.templates.size() * times.buckets, 0);
  std::uint64_t total = 0;
  for (const std::string_view log : logs) total += log.size();
  job.begin("looking at times", total, "B");
  WarmTools<HeaderMemo> memos([&] { return std::make_unique<HeaderMemo>(reference); });
  std::size_t line = 0;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    TimeUs before = no_time;
    auto& span = times.spans[i];
    for_chunks_in_order(
        logs[i], default_chunk_bytes, job,
        [&](std::string_view chunk) { return memos.with([&](HeaderMemo& headers) { return times_of(chunk, headers, job); }); },
        [&](const std::vector<TimeUs>& part) {
          for (const TimeUs own : part) {
            const TimeUs time = own == no_time ? before : own;
            before = time;
            const std::uint32_t found = line < groups.assignments.size() ? groups.assignments[line] : no_template;
            ++line;
            if (time == no_time || time < first || time > last || found == no_template) continue;
            span = span ? std::pair(std::min(span->first, time), std::max(span->second, time)) : std::pair(time, time);
            ++times.counts[found * times.buckets + static_cast<std::size_t>((time - times.start) / times.bucket_us)];
          }
        });
  }
  return times;
}

}  // namespace conclave::logs
