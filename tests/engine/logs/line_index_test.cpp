#include "engine/logs/line_index.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace conclave::logs {
namespace {

LineIndex index_of(std::string_view bytes) {
  Job job;
  return LineIndex::build(bytes, job).value();
}

TEST(LineIndex, OfNothingHasNoLines) {
  const LineIndex index = index_of("");
  EXPECT_EQ(index.line_count(), 0U);
  EXPECT_EQ(index.line("", 1), "");
  EXPECT_EQ(index.line_at("", 0), 0U);
  EXPECT_EQ(LineIndex().line("", 1), "");
}

TEST(LineIndex, CountsALastLineWithoutLf) {
  EXPECT_EQ(index_of("a").line_count(), 1U);
  EXPECT_EQ(index_of("a\n").line_count(), 1U);
  EXPECT_EQ(index_of("a\nb").line_count(), 2U);
  EXPECT_EQ(index_of("\n\n").line_count(), 2U);
}

TEST(LineIndex, LeavesCarriageReturnsOut) {
  const std::string bytes = "one\r\ntwo\rx\r\n\r\nend\r";
  const LineIndex index = index_of(bytes);
  EXPECT_EQ(index.line_count(), 4U);
  EXPECT_EQ(index.line(bytes, 1), "one");
  EXPECT_EQ(index.line(bytes, 2), "two\rx");
  EXPECT_EQ(index.line(bytes, 3), "");
  EXPECT_EQ(index.line(bytes, 4), "end");
  EXPECT_EQ(index.line(bytes, 0), "");
  EXPECT_EQ(index.line(bytes, 5), "");
}

TEST(LineIndex, GivesEveryLineOfALongText) {
  std::mt19937 random(3);
  std::string bytes;
  std::vector<std::pair<std::size_t, std::string>> lines;
  for (int i = 0; i < 3000; ++i) {
    std::string line(random() % 50 == 0 ? random() % 20'000 : random() % 60, static_cast<char>('a' + random() % 26));
    lines.emplace_back(bytes.size(), line);
    bytes += line + "\n";
  }
  const LineIndex index = index_of(bytes);
  ASSERT_EQ(index.line_count(), lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    ASSERT_EQ(index.line(bytes, i + 1), lines[i].second);
    ASSERT_EQ(index.offset_of(bytes, i + 1), lines[i].first);
    ASSERT_EQ(index.line_at(bytes, lines[i].first), i + 1);
    ASSERT_EQ(index.line_at(bytes, lines[i].first + lines[i].second.size()), i + 1);  // its LF
  }
  EXPECT_EQ(index.line_at(bytes, bytes.size() + 100), lines.size());
}

TEST(LineIndex, HoldsOneVeryLongLine) {
  const std::string bytes(20'000'000, 'x');
  const LineIndex index = index_of(bytes);
  EXPECT_EQ(index.line_count(), 1U);
  EXPECT_EQ(index.line(bytes, 1).size(), bytes.size());
  EXPECT_EQ(index.line_at(bytes, 12'345'678), 1U);
}

TEST(LineIndex, StaysInBoundsWhenTheBytesHaveChanged) {
  const std::string bytes(100'000, '\n');
  const LineIndex index = index_of(bytes);
  const std::string zeros(bytes.size(), '\0');
  EXPECT_LE(index.offset_of(zeros, 50'000), zeros.size());
  EXPECT_LE(index.line(zeros, 50'000).size(), zeros.size());
}

TEST(LineIndex, StopsWhenAsked) {
  Job job;
  job.request_stop();
  const auto index = LineIndex::build(std::string(1'000'000, '\n'), job);
  ASSERT_FALSE(index);
  EXPECT_EQ(index.error().kind, ErrorKind::cancelled);
}

}  // namespace
}  // namespace conclave::logs
