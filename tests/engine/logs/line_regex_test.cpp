#include "engine/logs/line_regex.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

namespace conclave::logs {
namespace {

using Answer = LineRegex::Answer;

Answer answer(const std::string& pattern, std::string_view line, bool any_case = false) {
  const LineRegex regex = LineRegex::compile(pattern, any_case).value();
  LineRegex::Workspace workspace;
  return regex.matches(line, workspace, Job());
}

TEST(line_regex, works_on_bytes_whatever_they_are) {
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(answer("a.b",
                   "a\xff"
                   "b"),
            Answer::yes);
  EXPECT_EQ(answer("a.b", "a\0b"sv), Answer::yes);
  EXPECT_EQ(answer("a.b", "a\rb"), Answer::yes);
  EXPECT_EQ(answer("\\w", "\xc3\xa4"), Answer::no);
  EXPECT_EQ(answer("\xe4", "\xc4", true), Answer::no);  // Latin-1 letters are bytes, not letters
  EXPECT_EQ(answer("ERR", "an error", true), Answer::yes);
}

TEST(line_regex, what_is_wrong_is_said_with_its_place) {
  const auto wrong = LineRegex::compile("ab(c", false);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind, ErrorKind::parse);
  EXPECT_NE(wrong.error().message.find("character 5"), std::string::npos) << wrong.error().message;
  EXPECT_FALSE(LineRegex::compile("(*UTF)a", false));  // bytes stay bytes
}

TEST(line_regex, a_pattern_that_explodes_is_too_hard) {
  EXPECT_EQ(answer("(a+)+$", std::string(60, 'a') + "b"), Answer::too_hard);
}

TEST(line_regex, one_that_is_merely_slow_is_answered) {
  std::string line(20'000, 'a');
  EXPECT_EQ(answer("a.*b.*c", line), Answer::no);
  line += "b..c";
  EXPECT_EQ(answer("a.*b.*c", line), Answer::yes);
  EXPECT_EQ(answer("(x+x+)+y", std::string(21, 'x')), Answer::no);
}

TEST(line_regex, a_stop_reaches_a_hard_line) {
  const LineRegex regex = LineRegex::compile("(.)(.)(.)(.)(.).*\\5\\4\\3\\2\\1#", false).value();
  LineRegex::Workspace workspace;
  std::string line;
  for (int i = 0; i < 300'000; ++i) line += static_cast<char>('a' + (i % 23) * (i % 23) * (i % 23) % 23);
  Job job;
  std::thread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    job.request_stop();
  });
  EXPECT_EQ(regex.matches(line + "#", workspace, job), Answer::stopped);
  stopper.join();
}

TEST(line_regex, finds_one_after_the_other) {
  const LineRegex regex = LineRegex::compile("\\d*", false).value();
  LineRegex::Workspace workspace;
  const auto first = regex.find("ab12 345", 0, workspace);
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, (std::pair<std::size_t, std::size_t>(2, 4)));
  EXPECT_EQ(regex.find("ab12 345", first->second, workspace), (std::pair<std::size_t, std::size_t>(5, 8)));
  EXPECT_EQ(regex.find("ab12 345", 8, workspace), std::nullopt);
}

}  // namespace
}  // namespace conclave::logs
