#include "engine/logs/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <string>
#include <thread>

#include "engine/logs/summary_part.h"
#include "engine/logs/summary_scan.h"
#include "tests/engine/logs/files.h"

namespace conclave::logs {
namespace {

TimeUs at(const char* text) { return parse_time(text).value(); }

LogSummary summary_of(std::string_view bytes, const SummaryOptions& options = {}) {
  Job job;
  return summarize(bytes, options, job).value();
}

// Every field as text, so that two summaries can be compared and a difference is seen.
std::string print(const LogSummary& s) {
  std::string out = std::to_string(s.lines) + " " + std::to_string(s.bytes) + " " + std::to_string(s.error_lines) + " " +
                    std::to_string(s.warning_lines) + " " + std::to_string(s.timestamp_lines) + " " + s.stamp_format + " " +
                    std::to_string(s.bucket_us) + " " + std::to_string(s.out_of_order) + " " +
                    std::to_string(s.first_time.value_or(-1)) + " " + std::to_string(s.last_time.value_or(-1)) + "\n";
  for (const auto count : s.levels) out += std::to_string(count) + ",";
  for (const auto& pattern : s.patterns) {
    out += " " + pattern.name + " " + std::to_string(pattern.lines) + " " + std::to_string(pattern.given_up);
  }
  for (const auto& samples : s.level_samples) {
    for (const auto& x : samples) out += " " + std::to_string(x.line) + "@" + std::to_string(x.time);
  }
  for (const auto& b : s.buckets) {
    out += "\n" + format_time(b.start) + " " + std::to_string(b.lines) + " " + std::to_string(b.error_lines) + " " +
           std::to_string(b.warning_lines) + " " + std::to_string(b.first_error_line);
    for (const auto count : b.levels) out += "," + std::to_string(count);
  }
  for (const auto& g : s.gaps) {
    out += "\ngap " + std::to_string(g.from) + " " + std::to_string(g.to) + " " + std::to_string(g.line_before) + " " +
           std::to_string(g.line_after);
  }
  for (const auto& x : s.samples) {
    out += "\nsample " + std::to_string(x.line) + " " + std::to_string(x.time) + " " + std::string(level_name(x.level));
  }
  return out;
}

TEST(Summary, OfNothingIsEmpty) {
  const LogSummary summary = summary_of("");
  EXPECT_EQ(summary.lines, 0U);
  EXPECT_EQ(summary.stamp_format, "none");
  EXPECT_FALSE(summary.first_time);
  EXPECT_TRUE(summary.buckets.empty());
}

TEST(Summary, CountsLinesLevelsAndPatterns) {
  const std::string log =
      "2026-03-01 12:00:05 INFO all well\r\n"
      "2026-03-01 12:00:06 ERROR it failed\n"
      "  at some.Exception\n"
      "2026-03-01 12:02:00 WARN deprecated\n"
      "2026-03-01 12:02:30 INFO 0 errors";
  const LogSummary summary = summary_of(log);
  EXPECT_EQ(summary.lines, 5U);
  EXPECT_EQ(summary.bytes, log.size());
  EXPECT_EQ(summary.error_lines, 3U);
  EXPECT_EQ(summary.warning_lines, 1U);
  EXPECT_EQ(summary.timestamp_lines, 4U);
  EXPECT_EQ(summary.levels[static_cast<std::size_t>(Level::info)], 2U);
  EXPECT_EQ(summary.levels[static_cast<std::size_t>(Level::unknown)], 1U);
  EXPECT_EQ(summary.stamp_format, "iso");
  EXPECT_EQ(summary.first_time, at("2026-03-01T12:00:05"));
  EXPECT_EQ(summary.last_time, at("2026-03-01T12:02:30"));
  ASSERT_EQ(summary.buckets.size(), 2U);
  EXPECT_EQ(summary.buckets[0].start, at("2026-03-01T12:00"));
  EXPECT_EQ(summary.buckets[0].lines, 3U);
  EXPECT_EQ(summary.buckets[0].error_lines, 2U);  // the ERROR line and the undeclared one; "0 errors" is INFO
  EXPECT_EQ(summary.buckets[0].first_error_line, 2U);
  EXPECT_EQ(summary.buckets[1].warning_lines, 1U);
  EXPECT_EQ(summary.buckets[1].error_lines, 0U);
  ASSERT_EQ(summary.samples.size(), 2U);
  EXPECT_EQ(summary.samples[1].line, 3U);
  EXPECT_EQ(summary.samples[1].time, at("2026-03-01T12:00:06"));
  ASSERT_EQ(summary.hourly().size(), 1U);
  EXPECT_EQ(summary.hourly()[0], std::make_pair(at("2026-03-01T12:00"), std::uint64_t{5}));
}

TEST(Summary, FindsTheLongestGapsInOrderOfTime) {
  const std::string log =
      "2026-03-01 12:00:00 a\n2026-03-01 12:10:00 b\nno stamp\n2026-03-01 12:10:01 c\n2026-03-01 12:40:01 d\n2026-03-01 12:39:00 "
      "e\n";
  SummaryOptions options;
  options.max_gaps = 2;
  const LogSummary summary = summary_of(log, options);
  ASSERT_EQ(summary.gaps.size(), 2U);
  EXPECT_EQ(summary.gaps[0].line_before, 1U);
  EXPECT_EQ(summary.gaps[0].line_after, 2U);
  EXPECT_EQ(summary.gaps[1].line_before, 4U);
  EXPECT_EQ(summary.gaps[1].to - summary.gaps[1].from, 1800 * us_per_second);
  EXPECT_EQ(summary.out_of_order, 1U);
}

TEST(Summary, KeepsOnlyLinesInTheTimeRange) {
  const std::string log =
      "ERROR before any stamp\n2026-03-01 11:00:00 ERROR early\n  trace\n2026-03-01 12:00:00 ERROR in\n  trace failed\n"
      "2026-03-01 13:00:00 ERROR late\n  trace\n";
  SummaryOptions options;
  options.time_range = {at("2026-03-01T12:00"), at("2026-03-01T13:00")};
  const LogSummary summary = summary_of(log, options);
  EXPECT_EQ(summary.lines, 2U);
  EXPECT_EQ(summary.error_lines, 2U);
  ASSERT_EQ(summary.samples.size(), 2U);
  EXPECT_EQ(summary.samples[0].line, 4U);  // numbered as in the file
  EXPECT_EQ(summary.first_time, summary.last_time);
  options.time_range = {2, 1};
  Job job;
  EXPECT_FALSE(summarize(log, options, job));
}

TEST(Summary, CountsInHoursWhenTheSpanIsLong) {
  const std::string log = "2026-03-01 12:34:00 a\n2026-03-20 12:34:00 b\n";
  const LogSummary summary = summary_of(log);
  EXPECT_EQ(summary.bucket_us, 3600 * us_per_second);
  ASSERT_EQ(summary.buckets.size(), 2U);
  EXPECT_EQ(summary.buckets[0].start, at("2026-03-01T12:00"));
}

TEST(Summary, TakesBytesThatAreNotText) {
  std::string bytes("\0\xff\xfe error\0\n\n\xc3(\r\n", 15);
  EXPECT_EQ(summary_of(bytes).lines, 3U);
  EXPECT_EQ(summary_of(bytes).error_lines, 1U);
}

TEST(Summary, TakesOneVeryLongLine) {
  std::string line(20'000'000, 'x');
  line.replace(19'999'990, 6, "failed");
  const LogSummary summary = summary_of(line);
  EXPECT_EQ(summary.lines, 1U);
  EXPECT_EQ(summary.error_lines, 1U);
}

// Lines with and without stamps, out of order, over months, with levels and patterns.
std::string random_log(unsigned seed, int lines) {
  std::mt19937 random(seed);
  std::string log;
  TimeUs time = at("2026-01-01");
  for (int i = 0; i < lines; ++i) {
    time += static_cast<TimeUs>(random() % 4'000) * 500'000 - us_per_second;
    if (random() % 3 != 0) log += format_time(time) + " ";
    const char* words[] = {"ERROR ", "WARN ", "INFO ", "FATAL ", "failed ", "warning ", "\xff\r", ""};
    log += words[random() % 8];
    log += std::string(random() % 200, 'y') + (random() % 20 == 0 ? "\n\n\n" : "\n");
  }
  return log;
}

TEST(Summary, IsTheSameWhereverTheLogIsCut) {
  for (const auto& range :
       {std::optional<std::pair<TimeUs, TimeUs>>{}, std::optional(std::pair{at("2026-01-02"), at("2026-01-09")})}) {
    for (const unsigned seed : {1U, 2U, 3U}) {
      const std::string log = "failed\nplain\n" + random_log(seed, seed == 3 ? 6000 : 2000);
      SummaryOptions options;
      options.time_range = range;
      options.reference = at("2026-06-01");
      options.max_gaps = 7;
      options.max_samples = 9;
      Job job;
      const std::string whole = print(summarize_in_chunks(log, options, job, log.size() + 1).value());
      for (const std::size_t chunk : {1U, 100U, 4096U, 65'537U}) {
        EXPECT_EQ(print(summarize_in_chunks(log, options, job, chunk).value()), whole) << chunk;
      }
    }
  }
}

TEST(Summary, IsTheSameForAnyNumberOfThreads) {
  const std::string log = random_log(4, 30'000);
  SummaryOptions options;
  options.reference = at("2026-06-01");
  options.patterns = UserPatterns::compile({{"y", "yyy$"}}).value();
  options.threads = 1;
  const std::string whole = print(summary_of(log, options));
  for (const std::size_t threads : {0U, 2U, 7U}) {
    options.threads = threads;
    EXPECT_EQ(print(summary_of(log, options)), whole) << threads;
  }
}

TEST(Summary, CountsPatternsAloneAsItDoesAmongTheRest) {
  const std::string log = random_log(7, 60'000) + "2026-03-01T12:00:05 failed";
  const LogSummary summary = summary_of(log);
  for (const std::size_t threads : {1U, 2U}) {
    Job job;
    const PatternCounts counts = count_patterns(log, threads, job).value();
    EXPECT_EQ(counts.lines, summary.lines);
    EXPECT_EQ(counts.error_lines, summary.error_lines);
    EXPECT_EQ(counts.warning_lines, summary.warning_lines);
    EXPECT_EQ(counts.timestamp_lines, summary.timestamp_lines);
  }
  Job stopped;
  stopped.request_stop();
  EXPECT_EQ(count_patterns(log, 1, stopped).error().kind, ErrorKind::cancelled);
}

TEST(Summary, IsTheSameForAllInstructions) {
  std::string log = random_log(5, 20'000);
  std::mt19937 random(6);
  const char* const pieces[] = {"2026-03-01T12:00:05", " 2026-03-01 12:00:05 ", "2026-03-01-12.00.05", "dEprecated", "- -", "\n"};
  for (int i = 0; i < 3000; ++i) {
    const std::string_view piece = pieces[random() % std::size(pieces)];
    log.replace(random() % (log.size() - piece.size()), piece.size(), piece);
  }
  SummaryOptions options;
  options.reference = at("2026-06-01");
  Job job;
  const auto scanned = [&](Instructions instructions) {
    return print(SummaryScan(options, instructions).run(log, log, job).finish());
  };
  const LogSummary baseline = SummaryScan(options, Instructions::sse2).run(log, log, job).finish();
  std::uint64_t stamps = 0;
  for (std::size_t begin = 0; begin < log.size();) {
    const std::size_t end = std::min(log.find('\n', begin), log.size());
    stamps += has_iso_stamp(std::string_view(log).substr(begin, end - begin)) ? 1 : 0;
    begin = end + 1;
  }
  EXPECT_EQ(baseline.timestamp_lines, stamps);
  for (const Instructions instructions : {Instructions::avx2, Instructions::avx512}) {
    if (instructions > widest_instructions()) continue;
    EXPECT_EQ(scanned(instructions), print(baseline));
  }
}

TEST(Summary, OfPartsMadeElsewhereMergesInAnyGroupingToThatOfTheWhole) {
  for (const bool ranged : {false, true}) {
    const std::string log = "failed\nplain\n" + random_log(6, 3000);
    SummaryOptions options;
    options.reference = at("2026-06-01");
    options.max_gaps = 5;
    options.max_samples = 9;
    options.patterns = UserPatterns::compile({{"y", "yyy$"}, {"dot", "^\\d+-"}}).value();
    if (ranged) options.time_range = {at("2026-01-02"), at("2026-01-09")};
    const std::string whole = print(summary_of(log, options));
    std::mt19937 random(7);
    for (int round = 0; round < 10; ++round) {
      std::vector<LogSummary> parts;
      for (std::size_t begin = 0; begin < log.size();) {
        std::size_t end = std::min(log.size(), begin + random() % (log.size() / 4));
        end = end == 0 || end == log.size() ? end : log.find('\n', end) + 1;
        parts.push_back(
            LogSummary::from_bytes(summary_of(std::string_view(log).substr(begin, end - begin), options).to_bytes()).value());
        begin = end;
      }
      while (parts.size() > 1) {
        const std::size_t at_part = random() % (parts.size() - 1);
        parts[at_part] = parts[at_part].merged_with(parts[at_part + 1]).value();
        parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(at_part) + 1);
      }
      ASSERT_EQ(print(parts[0]), whole) << round;
    }
  }
}

TEST(Summary, OfOtherOptionsDoesNotMerge) {
  SummaryOptions other;
  other.max_gaps = 3;
  EXPECT_FALSE(summary_of("a\n").merged_with(summary_of("a\n", other)));
  EXPECT_FALSE(summary_of("a\n").merged_with(LogSummary{}));
  EXPECT_FALSE(LogSummary::from_bytes("no summary"));
  EXPECT_FALSE(LogSummary::from_bytes(""));
}

TEST(Summary, CanBeCountedInWiderBuckets) {
  const LogSummary summary = summary_of("2026-03-01 12:10:00 ERROR a\n2026-03-01 12:50:00 b\n1969-12-31 23:30:00 c\n");
  EXPECT_EQ(summary.bucket_us, 24 * 3600 * us_per_second);  // the span is more than two years
  EXPECT_EQ(summary.buckets[0].start, at("1969-12-31"));
  EXPECT_EQ(summary.rebucketed(3600 * us_per_second).value().size(), 2U);
  EXPECT_FALSE(summary.rebucketed(90 * us_per_second));
  EXPECT_FALSE(summary.rebucketed(0));
}

TEST(Summary, ReadsStampsWithoutAnOffsetInTheZoneGiven) {
  SummaryOptions options;
  options.zone = TimeZone::named("+02:00").value();
  const LogSummary summary = summary_of("2026-03-01 12:00:00 a\n2026-03-01T12:00:00Z b\n", options);
  EXPECT_EQ(summary.first_time, at("2026-03-01T10:00:00"));
  EXPECT_EQ(summary.last_time, at("2026-03-01T12:00:00"));
}

TEST(Summary, ReportsProgressInBytes) {
  const std::string log = random_log(5, 1000);
  Job job;
  ASSERT_TRUE(summarize(log, {}, job));
  EXPECT_EQ(job.progress().done, log.size());
  EXPECT_EQ(job.progress().total, log.size());
  EXPECT_EQ(job.progress().unit, "B");
}

TEST(Summary, StopsWhenAsked) {
  Job stopped;
  stopped.request_stop();
  ASSERT_FALSE(summarize("a\n", {}, stopped));
  const std::string log = random_log(1, 2000);
  std::string big;
  while (big.size() < 100'000'000) big += log;
  Job job;
  std::jthread stopper([&] {
    while (job.progress().done == 0) std::this_thread::yield();
    job.request_stop();
  });
  const auto summary = summarize(big, {}, job);
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().kind, ErrorKind::cancelled);
}

}  // namespace
}  // namespace conclave::logs
