#include "engine/logs/matcher.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>
#include <random>
#include <string>

#include "engine/logs/chunk_lines.h"
#include "engine/logs/line_regex.h"
#include "tests/engine/logs/files.h"

namespace conclave::logs {
namespace {

const std::vector<std::string>& expressions() {
  static const std::vector<std::string> all = {"error",
                                               "error|exception|failed",
                                               "(?i)error|WARN",
                                               "(?i)(error|exception|failed)",
                                               "ERROR$",
                                               "^\\d",
                                               "^$",
                                               "^\\s*$",
                                               "\\d$",
                                               "[0-9]{4}-\\d{2}-\\d{2}[T\\s]\\d{2}:\\d{2}:\\d{2}",
                                               "a[^b]c",
                                               "\\s\\s",
                                               "[^x]$",
                                               "\\bis\\b",
                                               "\\Bs\\B",
                                               "a.*z",
                                               "\\Aa",
                                               "z\\Z",
                                               "\\d+\\z",
                                               "(a|b)*c",
                                               "x*",
                                               "(?=.*a)(?=.*e)",
                                               "(?<!\\d)\\d\\d(?!\\d)",
                                               "(\\w)\\1",
                                               "(\\d)(\\d)\\2\\1",
                                               "a+?b",
                                               "[[:upper:]]{3}",
                                               "\\.",
                                               "10\\.0",
                                               "\\[\\w+\\]",
                                               "$",
                                               "[$]",
                                               "a$|b$",
                                               "(?m)^a",
                                               "(?-i)a",
                                               "(?s)a.b",
                                               "(?i:A)b",
                                               "\\x41",
                                               "\\r",
                                               "\\n",
                                               "[\\r]",
                                               ".$",
                                               "\\S+@\\S+",
                                               "\\w+:\\d+",
                                               "a{2,}",
                                               "(?x) a b # c",
                                               "x(?#$)",
                                               "[]a]",
                                               "[^]a]$",
                                               "\\$",
                                               "\\\\",
                                               "\\Qa.\\E",
                                               "a|",
                                               "(?>a+)b",
                                               "a++b"};
  return all;
}

// Bit i of line n: expression i matches.
void expect_as_reference(const std::string& bytes, const Matcher& matcher, const std::vector<TextPattern>& patterns,
                         std::size_t chunk) {
  std::vector<LineRegex> references;
  for (const TextPattern& pattern : patterns) references.push_back(LineRegex::compile(pattern.text, pattern.any_case).value());
  LineRegex::Workspace workspace;
  const Job job;
  for (std::size_t begin = 0; begin < bytes.size();) {
    std::size_t end = bytes.find('\n', std::min(begin + chunk, bytes.size()));
    end = end == std::string::npos ? bytes.size() : end + 1;
    const std::string_view piece = std::string_view(bytes).substr(begin, end - begin);
    const Matcher::Matches matches = matcher.match(piece, job);
    const ChunkLines lines(piece);
    ASSERT_EQ(matches.lines, lines.size());
    ASSERT_FALSE(matches.too_hard);
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      for (std::size_t line = 0; line < lines.size(); ++line) {
        const bool expected = references[i].matches(lines.text(line), workspace, job) == LineRegex::Answer::yes;
        ASSERT_EQ(matches.found[i].test(line), expected)
            << "/" << patterns[i].text << "/ in '" << lines.text(line) << "', byte " << begin;
      }
    }
    begin = end;
  }
}

std::vector<TextPattern> as_patterns(const std::vector<std::string>& texts) {
  std::vector<TextPattern> patterns;
  for (std::size_t i = 0; i < texts.size(); ++i) patterns.push_back({texts[i], true, i % 3 == 1});
  return patterns;
}

TEST(matcher, answers_for_each_line_by_itself) {
  std::mt19937 random(11);
  const std::vector<TextPattern> patterns = as_patterns(expressions());
  const Matcher matcher = Matcher::compile(patterns).value();
  for (const char* alphabet : {"abcxzAB \n\n", "az1209.-:T \r\n", "ab$\\.[]\xff\n\r", "issERROR \t\n\r"}) {
    const std::string letters = alphabet;
    std::string bytes;
    while (bytes.size() < 6000) bytes += letters[random() % letters.size()];
    expect_as_reference(bytes, matcher, patterns, 700);
    expect_as_reference(bytes + "\n", matcher, patterns, 1 << 20);
  }
}

TEST(matcher, each_pattern_alone_answers_the_same) {
  std::mt19937 random(12);
  const std::string letters = "abcxzAB 12.\n\r";
  std::string bytes;
  while (bytes.size() < 3000) bytes += letters[random() % letters.size()];
  for (const std::string& text : expressions()) {
    for (const bool any_case : {false, true}) {
      const std::vector<TextPattern> one = {{text, true, any_case}};
      expect_as_reference(bytes, Matcher::compile(one).value(), one, 1 << 20);
    }
  }
}

TEST(matcher, empty_texts_hold_everywhere_and_line_ends_nowhere) {
  const Matcher matcher = Matcher::compile({{"", false, false}, {"a\nb", false, false}, {"a\nb|c", true, false}}).value();
  const Matcher::Matches matches = matcher.match("a\nb\nc\n\n", Job());
  EXPECT_EQ(matches.lines, 4U);
  EXPECT_EQ(matches.found[0].count(), 4U);
  EXPECT_EQ(matches.found[1].count(), 0U);
  EXPECT_EQ(matches.found[2].count(), 1U);
}

TEST(matcher, says_which_line_was_too_hard) {
  const Matcher matcher = Matcher::compile({{"x", false, false}, {"(?=(a+)+$)a", true, false}}).value();
  const Matcher::Matches matches = matcher.match("fine\na\n" + std::string(60, 'a') + "b\n", Job());
  EXPECT_EQ(matches.too_hard, (std::pair<std::size_t, std::size_t>(1, 2)));
}

TEST(matcher, alternations_of_literals_are_seen) {
  const auto literals = [](const char* text) { return as_literals({text, true, false}); };
  EXPECT_EQ(literals("error|failed"), (std::vector<TextPattern>{{"error", false, false}, {"failed", false, false}}));
  EXPECT_EQ(literals("(?i)(?:a\\.b|c)"), (std::vector<TextPattern>{{"a.b", false, true}, {"c", false, true}}));
  for (const char* other : {"a.b", "(a)|(b)", "a|", "\\d", "a\\", "a(?i)b", "(?P<n>a)", "^a", "(", ""}) {
    EXPECT_FALSE(literals(other)) << other;
  }
}

TEST(matcher, a_wrong_expression_is_named) {
  const auto wrong = Matcher::compile({{"ok", true, false}, {"a(", true, false}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind, ErrorKind::parse);
  EXPECT_EQ(wrong.error().where, "/a(/");
}

// Lines, by number, that Python's re on bytes finds for each pattern.
std::string python_counts(const std::filesystem::path& log, const std::vector<std::string>& patterns) {
  const TemporaryFolder folder;
  std::string program =
      "import re, sys\nlines = open(sys.argv[1], 'rb').read().split(b'\\n')\nlines = lines[:-1] if not lines[-1] else lines\n"
      "lines = [l[:-1] if l.endswith(b'\\r') else l for l in lines]\nfor p in (";
  for (const std::string& pattern : patterns) program += "rb'''" + pattern + "''', ";
  program += "):\n  r = re.compile(p)\n  print(' '.join(str(i) for i, l in enumerate(lines) if r.search(l)))\n";
  const auto script = folder.write("truth.py", program);
  const std::string command = "/usr/bin/python3 '" + script.string() + "' '" + log.string() + "'";
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

TEST(matcher, finds_in_the_sample_logs_what_python_finds) {
  const std::vector<std::string> texts = {"(?i)(error|exception|failed)",
                                          "(?i)(warn|warning|deprecated)",
                                          "\\d{4}-\\d{2}-\\d{2}[T\\s]\\d{2}:\\d{2}:\\d{2}",
                                          "\\d$",
                                          "^\\S+ \\S+ [A-Z]+\\b",
                                          "(?<!\\d)\\d{1,3}(?:\\.\\d{1,3}){3}(?!\\d)",
                                          "(\\w+)\\W+\\1\\b",
                                          "blk_-?\\d+",
                                          "[^\\x00-\\x7f]",
                                          "\\.$"};
  const auto logs = sample_logs();
  if (logs.empty()) GTEST_SKIP() << "shared/data/logs is not here";
  for (const auto& log : logs) {
    const std::string bytes = read_file(log);
    std::vector<TextPattern> patterns;
    for (const std::string& text : texts) patterns.push_back({text, true, false});
    const Matcher::Matches matches = Matcher::compile(patterns).value().match(bytes, Job());
    std::string answer;
    for (const LineBits& found : matches.found) {
      std::string numbers;
      found.for_each([&](std::size_t line) { numbers += (numbers.empty() ? "" : " ") + std::to_string(line); });
      answer += numbers + "\n";
    }
    EXPECT_EQ(answer, python_counts(log, texts)) << log;
  }
}

}  // namespace
}  // namespace conclave::logs
