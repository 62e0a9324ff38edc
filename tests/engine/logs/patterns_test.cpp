#include "engine/logs/patterns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/logs/summary.h"
#include "engine/logs/timestamp.h"
#include "tests/engine/logs/files.h"

namespace conclave::logs {
namespace {

int flags_of(std::string_view line) {
  return (matches_error(line) ? 1 : 0) + (matches_warning(line) ? 2 : 0) + (has_iso_stamp(line) ? 4 : 0);
}

// What Python's re on bytes answers for every line, as one digit each.
std::string python_truth(const std::filesystem::path& log) {
  const std::string program =
      "import re, sys; lines = open(sys.argv[1], 'rb').read().split(b'\\n'); lines = lines[:-1] if not lines[-1] else lines; "
      "patterns = [re.compile(p) for p in (rb'(?i)(error|exception|failed)', rb'(?i)(warn|warning|deprecated)', "
      "rb'\\d{4}-\\d{2}-\\d{2}[T\\s]\\d{2}:\\d{2}:\\d{2}')]; "
      "print(''.join(str(sum(bool(p.search(l)) << i for i, p in enumerate(patterns))) for l in lines), end='')";
  const std::string command = "/usr/bin/python3 -c \"" + program + "\" '" + log.string() + "'";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), &::pclose);
  std::string answer;
  std::array<char, 65536> buffer{};
  while (pipe) {
    const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe.get());
    if (count == 0) break;
    answer.append(buffer.data(), count);
  }
  return answer;
}

void expect_as_python(const std::filesystem::path& log) {
  const std::string truth = python_truth(log);
  const std::string bytes = read_file(log);
  std::string answer;
  for (std::size_t begin = 0; begin < bytes.size();) {
    const std::size_t end = std::min(bytes.find('\n', begin), bytes.size());
    answer += static_cast<char>('0' + flags_of(std::string_view(bytes).substr(begin, end - begin)));
    begin = end + 1;
  }
  ASSERT_EQ(answer.size(), truth.size()) << log;
  for (std::size_t i = 0; i < truth.size(); ++i) ASSERT_EQ(answer[i], truth[i]) << log << " line " << i + 1;
  Job job;
  const LogSummary summary = summarize(bytes, {}, job).value();
  const auto lines_with = [&](int bit) {
    return static_cast<std::uint64_t>(std::count_if(truth.begin(), truth.end(), [&](char c) { return ((c - '0') & bit) != 0; }));
  };
  EXPECT_EQ(summary.lines, truth.size());
  EXPECT_EQ(summary.error_lines, lines_with(1));
  EXPECT_EQ(summary.warning_lines, lines_with(2));
  EXPECT_EQ(summary.timestamp_lines, lines_with(4));
}

TEST(Patterns, MatchAnyCaseAnywhereInALine) {
  EXPECT_TRUE(matches_error("error"));
  EXPECT_TRUE(matches_error("an ExCePtIoN here"));
  EXPECT_TRUE(matches_error("xxFAILEDxx"));
  EXPECT_FALSE(matches_error("erro"));
  EXPECT_FALSE(matches_error("fail"));
  EXPECT_FALSE(matches_error("except ion"));
  EXPECT_TRUE(matches_warning("forewarned"));
  EXPECT_TRUE(matches_warning("DEPRECATED"));
  EXPECT_FALSE(matches_warning("depreciated"));
  EXPECT_FALSE(matches_error(""));
}

TEST(Patterns, FoldOnlyAsciiLetters) {
  EXPECT_FALSE(matches_error("\x45\x12\x12\x4f\x12"));
  EXPECT_FALSE(
      matches_warning("\xd7"
                      "arn"));
}

TEST(Patterns, AcceptTheBlanksOfPythonInAStamp) {
  for (const char blank : {' ', 'T', '\t', '\r', '\v', '\f'}) {
    EXPECT_TRUE(has_iso_stamp(std::string("2026-03-01") + blank + "12:00:05")) << static_cast<int>(blank);
  }
  for (const char other : {'t', '_', '\0', '\x1c', '\x85', '\xa0'}) {
    EXPECT_FALSE(has_iso_stamp(std::string("2026-03-01") + other + "12:00:05")) << static_cast<int>(other);
  }
  EXPECT_TRUE(has_iso_stamp("99992026-99-99 99:99:99999"));
  EXPECT_FALSE(has_iso_stamp("026-03-01 12:00:05"));
}

TEST(Patterns, AreFoundAtEveryPlaceOfLinesOfEveryLength) {
  for (std::size_t size = 0; size < 200; ++size) {
    for (const std::string& word : {std::string("failed"), std::string("warn"), std::string("2026-03-01T12:00:05")}) {
      const std::string line = std::string(size, '-') + word;
      EXPECT_NE(flags_of(line), 0) << size << word;
      EXPECT_EQ(flags_of(line.substr(0, line.size() - 1)), 0) << size << word;
    }
  }
  EXPECT_TRUE(matches_error(std::string(5000, 'e') + "rror"));
}

TEST(Patterns, AnswerAsPythonOnTheSampleLogs) {
  const auto logs = sample_logs();
  if (logs.empty()) GTEST_SKIP() << "no sample logs beside the project (see CONCLAVE_SHARED)";
  for (const auto& log : logs) expect_as_python(log);
}

TEST(Patterns, AnswerAsPythonOnRandomBytes) {
  if (!std::filesystem::exists("/usr/bin/python3")) GTEST_SKIP() << "no /usr/bin/python3";
  const std::vector<std::string> pieces = {
      "error", "ERR", "Exception", "exc", "fail", "FAILED", "warn", "Deprecated",         "dep",  "2026-03-01", " 12:00:05",
      "T",     "\t",  "\r",        "\v",  "\f",   "\n",     "\n",   std::string(1, '\0'), "\xff", "\x85",       "r",
      "e",     "-",   ":",         "1"};
  std::mt19937 random(7);
  std::string bytes;
  for (int i = 0; i < 60'000; ++i) bytes += pieces[random() % pieces.size()];
  const TemporaryFolder folder;
  expect_as_python(folder.write("random.log", bytes));
}

TEST(Patterns, CountNewlinesOfAnySize) {
  std::mt19937 random(1);
  std::string bytes(20'000, 'x');
  for (char& c : bytes) c = random() % 5 == 0 ? '\n' : 'x';
  for (const std::size_t size : {0U, 1U, 31U, 32U, 33U, 4096U, 8159U, 8160U, 8161U, 20'000U}) {
    const std::string piece = bytes.substr(0, size);
    EXPECT_EQ(count_newlines(piece), static_cast<std::uint64_t>(std::count(piece.begin(), piece.end(), '\n'))) << size;
  }
  const std::string all(100'000, '\n');
  EXPECT_EQ(count_newlines(all), all.size());
}

// The filters differ in what they let through, but not in what is a match, and all let every match through.
TEST(Patterns, AreTheSameWhateverTheMachineCanDo) {
  std::mt19937 random(8);
  const char* const pieces[] = {"Error", "exception", "FAILED", "warn", "Deprecated", "2026-03-01 12:00:05",
                                "-",     "\n",        "e",      "\xff", "fai",        "abcd"};
  for (int round = 0; round < 200; ++round) {
    std::string text;
    while (text.size() < 4 * block_bytes) text += pieces[random() % std::size(pieces)];
    text.resize(4 * block_bytes);
    const std::string padded = text + std::string(block_lookahead, '\0');
    std::string answers[3];
    for (int i = 0; i <= static_cast<int>(widest_instructions()); ++i) {
      std::array<BlockMasks, 4> masks;
      find_masks_with(static_cast<Instructions>(i), padded.data(), masks.size(), masks.data());
      for (std::size_t at = 0; at < text.size(); ++at) {
        const BlockMasks& mask = masks[at / block_bytes];
        const std::uint64_t bit = std::uint64_t{1} << (at % block_bytes);
        const WordKind kind = (mask.word & bit) != 0 ? word_at(text, at) : WordKind::none;
        answers[i] += (mask.newline & bit) != 0                          ? 'n'
                      : (mask.stamp & bit) != 0 && is_stamp_at(text, at) ? 's'
                                                                         : static_cast<char>('0' + static_cast<int>(kind));
        if (word_at(text, at) != WordKind::none) {
          EXPECT_EQ(kind, word_at(text, at)) << i << " at " << at;
        }
      }
      EXPECT_EQ(answers[i], answers[0]);
    }
  }
}

}  // namespace
}  // namespace conclave::logs
