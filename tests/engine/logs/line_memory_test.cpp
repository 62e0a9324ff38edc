#include "engine/logs/line_memory.h"

#include <gtest/gtest.h>

#include <string>

namespace conclave::logs {
namespace {

void expect_same_stamp(MinuteStamps& reader, const std::string& line) {
  const auto found = reader.locate(line);
  const auto expected = locate_stamp(line, 0);
  ASSERT_EQ(found.has_value(), expected.has_value()) << line;
  if (!found) return;
  EXPECT_EQ(found->stamp.time, expected->stamp.time) << line;
  EXPECT_EQ(found->begin, expected->begin) << line;
  EXPECT_EQ(found->end, expected->end) << line;
}

TEST(MinuteStamps, ReadsWhatLocateStampReads) {
  const std::vector<std::string> lines = {"2026-03-01 12:00:05,123 INFO a",
                                          "2026-03-01 12:00:06,987 INFO a",
                                          "2026-03-01 12:00:59,000 +0100 a",
                                          "2026-03-01 12:00:60,000 INFO a",
                                          "2026-03-01 12:00:61,000 INFO a",
                                          "2026-03-01 12:01:05,123456 INFO a",
                                          "2026-03-01 12:01:06,123456 I b",
                                          "2026-03-01 12:01:06,1234567 I b",
                                          "2026-03-01 12:01:06,123 I b",
                                          "2026-03-01 12:01:07 I b",
                                          "2026-03-01 12:01:08 I b",
                                          "2026-03-01 12:01:09Z I b",
                                          "2026-03-01T12:01:09Z I b",
                                          "2026-03-01 12:01:09 +0200 I b",
                                          "2026-03-01 12:01:09",
                                          "2026-03-01 12:01:1",
                                          "Mar  1 12:00:05 host sshd[1]: opened",
                                          "2026-03-01 12:01:10.5 b",
                                          "2026-03-01 12:01:10.500 b",
                                          "2026-03-01 12:01:11.501 b",
                                          "2026-03-01 12:01:1x.501 b",
                                          "x 2026-03-01 12:01:12.501 b",
                                          "",
                                          "2026-02-30 12:01:12.501 b",
                                          "2026-03-01 12:01:12.501 - b",
                                          "2026-03-01 12:01:13.501 -0100 b",
                                          "2026-03-01 12:01:13.501-01:00 b"};
  MinuteStamps reader(0);
  for (const std::string& line : lines) {
    for (const std::string& next : lines) {
      MinuteStamps fresh(0);
      (void)fresh.locate(line);
      expect_same_stamp(fresh, next);
    }
    expect_same_stamp(reader, line);
  }
}

TEST(LineMemory, KnowsLinesThatDifferInTheirDigitsAlone) {
  LineMemory memory;
  const std::string first = "request 123 took 45 ms on node";
  KnownLine* place = memory.find(first, std::nullopt);
  ASSERT_NE(place, nullptr);
  EXPECT_TRUE(place->text.empty());
  place->text = first;
  EXPECT_EQ(memory.find("request 987 took 10 ms on node", std::nullopt), place);
  EXPECT_EQ(place->text, first);
  KnownLine* other = memory.find("request 9876 took 1 ms on node", std::nullopt);
  EXPECT_TRUE(other == nullptr || other->text.empty());
}

TEST(LineMemory, DoesNotKeepWhatDependsOnTheValuesOfDigits) {
  LineMemory memory;
  const std::string twice = "- 1117838570 2005.06.03 R02-M1 2005-06-03-15.42.50.363779 RAS KERNEL INFO on";
  const std::string huge(100'000, 'x');
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(memory.find("<34>a message of some kind", std::nullopt), nullptr);
    EXPECT_EQ(memory.find("{\"level\":30,\"msg\":\"a message\"}", std::nullopt), nullptr);
    EXPECT_EQ(memory.find(twice, locate_stamp(twice, 0)), nullptr);
  }
  EXPECT_EQ(memory.find("short", std::nullopt), nullptr);
  EXPECT_EQ(memory.find(huge, std::nullopt), nullptr);
}

}  // namespace
}  // namespace conclave::logs
