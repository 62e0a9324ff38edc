#include "engine/logs/user_patterns.h"

#include <gtest/gtest.h>

namespace conclave::logs {
namespace {

using Answer = UserPatterns::Answer;

Answer answer(const std::string& expression, std::string_view line) {
  UserPatterns::Matcher matcher(UserPatterns::compile({{"x", expression}}).value());
  std::vector<Answer> answers;
  matcher.match(line, answers);
  return answers.at(0);
}

// What Python's re.search on bytes answers.
TEST(UserPatterns, MatchAsPythonDoes) {
  struct Case {
    const char* expression;
    std::string_view line;
    bool matches;
  };
  using namespace std::string_view_literals;
  for (const Case& each : {Case{"disk", "a disk", true},
                           Case{"disk", "Disk", false},
                           Case{"(?i)disk", "Disk", true},
                           Case{"^a$", "a", true},
                           Case{"^a$", "a\r", false},
                           Case{"b\\Z", "ab", true},
                           Case{"a\\Z", "ab", false},
                           Case{"^a{,2}$", "aa", true},
                           Case{"^a{,2}$", "aaa", false},
                           Case{"[[a]", "[", true},
                           Case{"[]x]", "]", true},
                           Case{"[^]x]", "]", false},
                           Case{"\\w", "\xe9"sv, false},
                           Case{"\xe9", "\xc3\xe9"sv, true},
                           Case{".", "\0"sv, true},
                           Case{"a\\0b", "a\0b"sv, true},
                           Case{"", "", true},
                           Case{"^$", "", true},
                           Case{"x", "", false},
                           Case{"a.c", "a\rc", true},
                           Case{"(?P<n>a)(?P=n)", "aa", true},
                           Case{"a(?=b)", "ab", true},
                           Case{"\\bfoo\\b", "a foo.", true}}) {
    EXPECT_EQ(answer(each.expression, each.line) == Answer::yes, each.matches) << each.expression << " on " << each.line;
  }
}

TEST(UserPatterns, GiveUpOnWhatWouldTakeForever) { EXPECT_EQ(answer("^(a+)+$", std::string(5000, 'a') + "b"), Answer::given_up); }

TEST(UserPatterns, SayWhyTheyCannotBeUsed) {
  const auto message = [](const std::string& name, const std::string& expression) {
    const auto patterns = UserPatterns::compile({{"first", "a"}, {name, expression}});
    return patterns ? std::string() : patterns.error().message;
  };
  EXPECT_NE(message("x", "(").find("x is no regular expression"), std::string::npos);
  EXPECT_NE(message("", "a").find("name"), std::string::npos);
  EXPECT_NE(message("first", "a").find("already"), std::string::npos);
  EXPECT_NE(message("timestamp", "a").find("already"), std::string::npos);
  EXPECT_EQ(message("y", "a|b"), "");
}

}  // namespace
}  // namespace conclave::logs
