#include "engine/logs/record_finder.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace conclave::logs {
namespace {

constexpr TimeUs reference = 1'772'366'405 * us_per_second;

const std::string sample =
    "  indented before any header\n"                  // 1
    "2026-03-01T12:00:00Z ERROR db: no connection\n"  // 2
    "java.net.ConnectException: refused\r\n"          // 3
    "\tat a.B.c(B.java:12)\n"                         // 4
    "a message of its own\n"                          // 5
    "  and more of it\n"                              // 6
    "2026-03-01T12:00:01Z INFO served\n"              // 7
    "Traceback (most recent call last):\n"            // 8
    "  File \"a.py\", line 3, in f\n"                 // 9
    "  2026-03-01T12:00:02Z ERROR indented header\n"  // 10
    "KeyError: 'x'";                                  // 11

struct Log {
  explicit Log(std::string text) : bytes(std::move(text)) {
    Job job;
    index = LineIndex::build(bytes, job).value();
  }
  std::string bytes;
  LineIndex index;
};

// First and last line of the record of each line asked for, all with one finder.
std::vector<std::pair<std::uint64_t, std::uint64_t>> records(const Log& log, const std::vector<std::uint64_t>& asked) {
  RecordFinder finder(log.bytes, reference);
  const Job job;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> found;
  for (const std::uint64_t number : asked) {
    if (const auto record = finder.next(number, log.index.offset_of(log.bytes, number), job)) {
      found.emplace_back(record->first, record->last);
    }
  }
  return found;
}

using Pairs = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

TEST(record_finder, finds_the_whole_record_from_any_of_its_lines) {
  const Log log(sample);
  for (const std::uint64_t line : {2U, 3U, 4U}) EXPECT_EQ(records(log, {line}), (Pairs{{2, 4}})) << line;
  for (const std::uint64_t line : {5U, 6U}) EXPECT_EQ(records(log, {line}), (Pairs{{5, 6}})) << line;
  for (const std::uint64_t line : {7U, 8U, 9U}) EXPECT_EQ(records(log, {line}), (Pairs{{7, 9}})) << line;
  for (const std::uint64_t line : {10U, 11U}) EXPECT_EQ(records(log, {line}), (Pairs{{10, 11}})) << line;
  EXPECT_EQ(records(log, {1}), (Pairs{{1, 1}}));
}

TEST(record_finder, gives_each_record_once) {
  const Log log(sample);
  EXPECT_EQ(records(log, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}), (Pairs{{1, 1}, {2, 4}, {5, 6}, {7, 9}, {10, 11}}));
  EXPECT_EQ(records(log, {3, 4, 11}), (Pairs{{2, 4}, {10, 11}}));
}

TEST(record_finder, says_where_the_text_is) {
  const Log log(sample);
  RecordFinder finder(log.bytes, reference);
  const Record record = finder.next(4, log.index.offset_of(log.bytes, 4), Job()).value();
  EXPECT_EQ(log.bytes.substr(record.begin, record.end - record.begin),
            "2026-03-01T12:00:00Z ERROR db: no connection\njava.net.ConnectException: refused\r\n\tat a.B.c(B.java:12)");
}

TEST(record_finder, knows_no_records_where_there_are_no_headers) {
  const Log log("a\n  b\n  c\n\n");
  EXPECT_EQ(records(log, {3, 4}), (Pairs{{3, 3}, {4, 4}}));
  EXPECT_EQ(records(Log(""), {}), (Pairs{}));
}

TEST(record_finder, says_the_same_whichever_lines_are_asked_for) {
  std::mt19937 random(4);
  const std::vector<std::string> lines = {
      "2026-03-01T12:00:00Z INFO a\n",        "ERROR: b\n", "  at c\n", "Caused by: d\n", "e\n",
      "Traceback (most recent call last):\n", "panic: f\n", "\n",       "main.g()\n",     "custom.Failure: h\r\n"};
  for (int round = 0; round < 200; ++round) {
    std::string text;
    const std::uint64_t count = 1 + random() % 40;
    for (std::uint64_t i = 0; i < count; ++i) text += lines[random() % lines.size()];
    const Log log(text);
    std::vector<std::uint64_t> all;
    for (std::uint64_t i = 1; i <= count; ++i) all.push_back(i);
    const Pairs whole = records(log, all);
    Pairs expected;
    std::vector<std::uint64_t> some;
    for (const auto& [first, last] : whole) {
      const std::size_t before = some.size();
      for (std::uint64_t line = first; line <= last; ++line) {
        if (random() % 3 == 0) some.push_back(line);
      }
      if (some.size() > before) expected.emplace_back(first, last);
    }
    EXPECT_EQ(records(log, some), expected) << text;
    LineSet found;
    found.add(some);
    Job job;
    const RecordLines sets = records_of(log.bytes, log.index, found, reference, job).value();
    std::uint64_t lines_in_all = 0;
    for (const auto& [first, last] : expected) {
      EXPECT_TRUE(sets.firsts.contains(first));
      lines_in_all += last - first + 1;
    }
    EXPECT_EQ(sets.firsts.size(), expected.size());
    EXPECT_EQ(sets.lines.size(), lines_in_all);
  }
}

TEST(record_finder, ends_when_the_job_is_stopped) {
  const Log log(sample);
  LineSet found;
  found.add(std::vector<std::uint64_t>{3});
  Job job;
  job.request_stop();
  EXPECT_EQ(records_of(log.bytes, log.index, found, reference, job).error().kind, ErrorKind::cancelled);
}

}  // namespace
}  // namespace conclave::logs
