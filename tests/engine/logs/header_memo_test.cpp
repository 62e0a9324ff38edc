#include "engine/logs/header_memo.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "tests/engine/logs/files.h"

namespace conclave::logs {
namespace {

constexpr TimeUs reference = 1'772'366'405 * us_per_second;

void expect_same(const Header& found, const Header& wanted, std::string_view line) {
  ASSERT_EQ(found.level, wanted.level) << line;
  ASSERT_EQ(found.stamped, wanted.stamped) << line;
  ASSERT_EQ(found.time, wanted.time) << line;
  ASSERT_EQ(found.stamp_begin, wanted.stamp_begin) << line;
  ASSERT_EQ(found.stamp_end, wanted.stamp_end) << line;
  ASSERT_EQ(found.format, wanted.format) << line;
  ASSERT_EQ(found.zoned, wanted.zoned) << line;
  ASSERT_TRUE(!found.iso_stamp || has_iso_stamp(line)) << line;
}

// Reads line by line, and in batches with the instructions of the baseline and with those of this machine.
struct Memos {
  HeaderMemo single{reference};
  HeaderMemo baseline{reference, Instructions::sse2};
  HeaderMemo widest{reference};
};

// Every line of the text through each memo, against what is read without one.
void expect_same_for_lines(Memos& memos, std::string text) {
  const std::size_t size = text.size();
  text.append(256, '7');  // what lies behind a line must not play a part
  std::vector<std::string_view> lines;
  for (std::size_t begin = 0; begin < size;) {
    const std::size_t end = std::min(text.find('\n', begin), size);
    lines.push_back(std::string_view(text).substr(begin, end - begin));
    begin = end + 1;
  }
  const auto readable = [&](std::string_view line) { return static_cast<std::size_t>(text.data() + text.size() - line.data()); };
  for (std::size_t from = 0; from < lines.size(); from += HeaderMemo::batch) {
    const auto batch = std::span(lines).subspan(from, std::min(HeaderMemo::batch, lines.size() - from));
    std::array<Header, HeaderMemo::batch> baseline;
    std::array<Header, HeaderMemo::batch> widest;
    memos.baseline.read(batch, readable(batch[0]), baseline.data());
    memos.widest.read(batch, readable(batch[0]), widest.data());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Header wanted = read_header(batch[i], reference);
      ASSERT_NO_FATAL_FAILURE(expect_same(memos.single.read(batch[i], readable(batch[i])), wanted, batch[i]));
      ASSERT_NO_FATAL_FAILURE(expect_same(baseline[i], wanted, batch[i]));
      ASSERT_NO_FATAL_FAILURE(expect_same(widest[i], wanted, batch[i]));
    }
  }
}

std::string with_other_digits(std::string text, std::mt19937& random) {
  for (char& c : text) {
    if (c >= '0' && c <= '9' && random() % 4 == 0) c = static_cast<char>('0' + random() % 10);
  }
  return text;
}

TEST(HeaderMemo, AnswersAsIfEachLineWereReadAnew) {
  const std::string lines =
      "2026-03-01 12:00:05,123 INFO  [main] a.b: c\n2026-03-01 25:00:05,123 INFO  [main] a.b: c\n"
      "2026-02-30 12:00:05,123 ERROR [main] 2026-03-01 01:02:03 c\n2026-02-28T12:00:05Z x\n2026-02-28T12:00:05+02:00 x\n"
      "2026-02-28T12:00:05+15:00 x\nJan 31 12:00:05 host prog[12]: x\nFeb 31 12:00:05 host prog[12]: x\n"
      "Mar  1 11:00:05 host prog[12]: error: x\nMar  2 13:00:05 host x\nDec 31 23:00:05 host x\n"
      "- 1117838570 2005.06.03 R02-M1-N0-C:J12-U11 2005-06-03-15.42.50.363779 R02-M1-N0-C:J12-U11 RAS KERNEL INFO x\n"
      "3/1/2026 1:00:05 PM,Error,x\n13/1/2026 1:00:05 AM,Error,x\n20171224-0:28:0:83|Step_LSC|x\n20171224-0:28:0:8|Step_LSC|x\n"
      "E0301 12:00:05.123456 1 a.go:1] x\nI0301 12:00:05.1234567891 1 a.go:1] x\n<3>kernel: x\n<6>kernel: x\n<11>a\n"
      "{\"level\":40,\"time\":1772366405123}\n{\"level\":50,\"time\":1772366405123}\nlevel=30 msg=x\nlevel=50 msg=x\n\n\n"
      "1772366405 x\n0772366405 x\n[26/03/01 12:00:05] x\n01-MAR-26 12.00.05.1 PM x\n01-MAR-26 12.00.05.1 AM x\n";
  std::mt19937 random(1);
  Memos memo;
  ASSERT_NO_FATAL_FAILURE(expect_same_for_lines(memo, lines + lines));
  for (int round = 0; round < 2000; ++round) {
    ASSERT_NO_FATAL_FAILURE(expect_same_for_lines(memo, with_other_digits(lines, random))) << round;
  }
}

TEST(HeaderMemo, TakesAnyStampAfterAnyOther) {
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
  for (const std::string& line : lines) {
    for (const std::string& next : lines) {
      Memos memo;
      ASSERT_NO_FATAL_FAILURE(expect_same_for_lines(memo, line + "\n" + next + "\n" + line));
    }
  }
}

TEST(HeaderMemo, ReadsJsonAsIfEachLineWereReadAnew) {
  const std::string wide(200, 'x');
  const std::string lines = R"({"ts":1772366405.1,"level":"info","msg":"a"}
{"level":"error","ts":"2026-03-01T12:00:05Z","msg":"b 12:00"}
{"log":"2026-03-01 12:00:05 ERROR c","stream":"stdout","time":"2026-03-01T12:00:06.5Z"}
{"log":"2026-03-01 12:00:05 WARN )" +
                            wide + R"(","stream":"stdout","time":"2026-03-01T12:00:06.5Z"}
{"\u0074ime":"2026-03-01T12:00:05Z","\u006cevel":"warn"}
{"level":30,"time":1772366405123,"msg":"d"}
{"time":99,"level":"info","msg":"2026-03-01 12:00:05"}
{"a":"2026-03-01T12:00:05Z","b":{"level":"info"}}
{"a":1,"time":"2026-03-01T12:00
{"PRIORITY":"3","__REALTIME_TIMESTAMP":"1772366405123456"}
{}
)";
  std::mt19937 random(3);
  Memos memo;
  for (int round = 0; round < 2000; ++round) {
    ASSERT_NO_FATAL_FAILURE(expect_same_for_lines(memo, round == 0 ? lines + lines : with_other_digits(lines, random))) << round;
  }
}

TEST(HeaderMemo, ReadsDaysThatComeAndGo) {
  Memos memo;
  std::string lines;
  for (int i = 0; i < 6000; ++i) {
    const int day = i * 7 % 28 + 1;
    const int month = i / 3 % 12 + 1;
    char text[160];
    std::snprintf(text, sizeof text, "20%02d-%02d-%02d 12:%02d:05,%03d INFO a\n%d 20%02d.%02d.%02d R0%d-M1 b\n", i % 25, month,
                  day, i % 60, i % 1000, 1'100'000'000 + i * 86'400 % 30'000'000, 4 + i % 2, month, day, i % 10);
    lines += text;
  }
  ASSERT_NO_FATAL_FAILURE(expect_same_for_lines(memo, lines));
}

TEST(HeaderMemo, KnowsLinesApartThatAreAlikeUpToTheirEnd) {
  Memos memo;
  std::string lines;
  const std::string line =
      "2026-03-01 12:00:05 x y z [ERROR] and more, so that the line is longer than every key that there is: abcdef ghij";
  for (int round = 0; round < 2; ++round) {
    for (std::size_t size = 0; size <= line.size(); ++size)
      lines += line.substr(0, size) + "\n" + line.substr(0, size) + std::string(3, '\0') + "\n";
  }
  ASSERT_NO_FATAL_FAILURE(expect_same_for_lines(memo, lines));
}

TEST(HeaderMemo, AnswersForRandomLinesOfTokens) {
  const std::string tokens[] = {"2026-03-01",
                                "12:00:05",
                                " ",
                                " ",
                                "  ",
                                "ERROR",
                                "[",
                                "]",
                                "info:",
                                "level=",
                                "warn",
                                "Mar",
                                "1",
                                "31",
                                "12",
                                "=",
                                "-",
                                "1772366405",
                                "host",
                                "a.b.C",
                                "\t",
                                "12:00:05,123",
                                "W",
                                "|",
                                "(",
                                ")",
                                "Sun",
                                "2026",
                                "T",
                                "Z",
                                "+01:00",
                                "/",
                                ":",
                                "260301",
                                "120005",
                                "fail",
                                "\xff",
                                "{",
                                "\"severity\":\"error\""};
  std::mt19937 random(2);
  Memos memo;
  for (int round = 0; round < 300; ++round) {
    std::string lines;
    for (int i = 0; i < 50; ++i) {
      std::string line;
      for (std::size_t n = random() % 16; n > 0; --n) line += tokens[random() % std::size(tokens)];
      for (int copies = 0; copies < 3; ++copies) lines += with_other_digits(line, random) + "\n";
    }
    ASSERT_NO_FATAL_FAILURE(expect_same_for_lines(memo, lines));
  }
}

TEST(HeaderMemo, AnswersForAllSampleSystems) {
  const auto logs = sample_logs();
  if (logs.empty()) GTEST_SKIP() << "no sample logs beside the project (see CONCLAVE_SHARED)";
  std::mt19937 random(3);
  Memos memo;
  for (const auto& log : logs) {
    const std::string text = read_file(log);
    ASSERT_NO_FATAL_FAILURE(expect_same_for_lines(memo, text)) << log;
    for (int round = 0; round < 4; ++round) ASSERT_NO_FATAL_FAILURE(expect_same_for_lines(memo, with_other_digits(text, random)));
  }
}

}  // namespace
}  // namespace conclave::logs
