#include "engine/logs/expression.h"

#include <gtest/gtest.h>

#include <string>

namespace conclave::logs {
namespace {

using Kind = Expression::Step::Kind;

Expression parsed(std::string_view text) {
  auto expression = parse_expression(text);
  EXPECT_TRUE(expression) << text << ": " << (expression ? "" : expression.error().text());
  return expression ? *expression : Expression::of(EveryLine{});
}

// "a b & !" and so on.
std::string postfix(std::string_view text) {
  const Expression expression = parsed(text);
  std::string out;
  for (const auto& step : expression.steps) {
    if (step.kind == Kind::condition) {
      const auto* literal = std::get_if<TextPattern>(&expression.conditions[step.condition]);
      out += literal != nullptr ? literal->text : "?";
    } else {
      out += step.kind == Kind::conjunction ? "&" : step.kind == Kind::disjunction ? "|" : "!";
    }
    out += ' ';
  }
  return out;
}

std::string place(std::string_view text) {
  const auto expression = parse_expression(text);
  return expression ? "parsed" : expression.error().where;
}

TEST(expression, words_side_by_side_must_all_be_there) {
  EXPECT_EQ(postfix("a b"), "a b & ");
  EXPECT_EQ(postfix("a AND b && c"), "a b & c & ");
}

TEST(expression, or_binds_less_than_and_and_not_most) {
  EXPECT_EQ(postfix("a OR b c"), "a b c & | ");
  EXPECT_EQ(postfix("NOT a b || !c"), "a ! b & c ! | ");
  EXPECT_EQ(postfix("(a OR b) c"), "a b | c & ");
  EXPECT_EQ(postfix("NOT NOT a"), "a ");
}

TEST(expression, small_words_mean_any_case_and_capitals_themselves) {
  EXPECT_EQ(parsed("timeout"), Expression::of(TextPattern{"timeout", false, true}));
  EXPECT_EQ(parsed("Timeout"), Expression::of(TextPattern{"Timeout", false, false}));
  EXPECT_EQ(parse_expression("Timeout", true).value(), Expression::of(TextPattern{"Timeout", false, true}));
  EXPECT_EQ(parsed("\"A \\\"b\\\" \\\\c\\d\""), Expression::of(TextPattern{"A \"b\" \\c\\d", false, false}));
}

TEST(expression, words_of_the_language_count_only_as_whole_capital_words) {
  EXPECT_EQ(postfix("ORDER NOTE ANDROID or"), "ORDER NOTE & ANDROID & or & ");
  EXPECT_EQ(parsed("\"OR\""), Expression::of(TextPattern{"OR", false, false}));
}

TEST(expression, regular_expressions_stand_between_slashes) {
  EXPECT_EQ(parsed("/re[gt]ry (\\d+)/"), Expression::of(TextPattern{"re[gt]ry (\\d+)", true, false}));
  EXPECT_EQ(parsed("/a\\/b\\\\/i"), Expression::of(TextPattern{"a/b\\\\", true, true}));
}

TEST(expression, filters_have_a_key_and_a_colon) {
  EXPECT_EQ(parsed("level:error"), Expression::of(LevelFilter{1U << 5U}));
  EXPECT_EQ(parsed("level:>=WARN"), Expression::of(LevelFilter{0b1110000}));
  EXPECT_EQ(parsed("level:error+"), Expression::of(LevelFilter{0b1100000}));
  EXPECT_EQ(parsed("level:none"), Expression::of(LevelFilter{1}));
  EXPECT_EQ(parsed("since:2026-03-01T00:00:10Z"), Expression::of(TimeFilter{1'772'323'210'000'000, std::nullopt}));
  EXPECT_EQ(parsed("until:\"2026-03-01 00:00:10\""), Expression::of(TimeFilter{std::nullopt, 1'772'323'210'000'000}));
  EXPECT_EQ(parsed("template:00ff"), Expression::of(TemplateFilter{255}));
  EXPECT_EQ(parsed("*"), Expression::of(EveryLine{}));
}

TEST(expression, a_word_with_another_key_is_a_text) {
  EXPECT_EQ(parsed("http://host:80/level:x"), Expression::of(TextPattern{"http://host:80/level:x", false, true}));
}

TEST(expression, fields_are_compared_asked_for_and_searched) {
  using Asked = FieldFilter::Test;
  const auto field = [](const char* name, Asked test, const char* value, bool as_text = false) {
    return Expression::of(FieldFilter{name, test, value, as_text});
  };
  EXPECT_EQ(parsed("field:status>=500"), field("status", Asked::at_least, "500"));
  EXPECT_EQ(parsed("field:status<=5"), field("status", Asked::at_most, "5"));
  EXPECT_EQ(parsed("field:user.name=alice"), field("user.name", Asked::equal, "alice"));
  EXPECT_EQ(parsed("field:a!=b"), field("a", Asked::different, "b"));
  EXPECT_EQ(parsed("field:took>1.5e2"), field("took", Asked::more, "1.5e2"));
  EXPECT_EQ(parsed("field:ts<\"2026-03-01 12:00\""), field("ts", Asked::less, "2026-03-01 12:00"));
  EXPECT_EQ(parsed("field:retry"), field("retry", Asked::there, ""));
  EXPECT_EQ(parsed("field:\"a = \\\"b\\\"\"=\"c d\""), field("a = \"b\"", Asked::equal, "c d", true));
  EXPECT_EQ(parsed("field:a=\"\""), field("a", Asked::equal, "", true));
  EXPECT_EQ(parsed("field:path~^/api/(v1|v2)\\)x"), field("path", Asked::matching, "^/api/(v1|v2)\\)x"));
  EXPECT_EQ(parsed("(field:path!~\"two words\")"), field("path", Asked::not_matching, "two words"));
  EXPECT_EQ(parsed("(field:path~a(b))"), field("path", Asked::matching, "a(b)"));
  EXPECT_EQ(parsed("field:a:b@c-d/e=1"), field("a:b@c-d/e", Asked::equal, "1"));
  EXPECT_EQ(postfix("(field:a OR !field:b=c) d"), "? ? ! | d & ");
  EXPECT_TRUE(std::get<FieldFilter>(parse_expression("field:a~b", true).value().conditions[0]).any_case);
}

TEST(expression, a_least_level_may_follow_the_word_itself) {
  EXPECT_EQ(parsed("level>=error"), parsed("level:>=error"));
  EXPECT_EQ(parsed("level>=error x"), parsed("level:error+ x"));
  EXPECT_EQ(parsed("level>3"), Expression::of(TextPattern{"level>3", false, true}));
  EXPECT_EQ(place("level>=loud"), "expression:1:6");
}

TEST(expression, an_option_for_a_level_means_it_and_what_is_graver) {
  EXPECT_EQ(parse_least_level("error")->levels, 0b1100000);
  EXPECT_EQ(parse_least_level(">=Warning")->levels, 0b1110000);
  EXPECT_EQ(parse_least_level("err+")->levels, 0b1100000);
  EXPECT_EQ(parse_least_level("fatal")->levels, 0b1000000);
  EXPECT_EQ(parse_least_level("none")->levels, 1);
  EXPECT_NE(parse_least_level("eror").error().message.find("'eror'"), std::string::npos);
}

TEST(expression, errors_name_the_column) {
  EXPECT_EQ(place(""), "expression:1:1");
  EXPECT_EQ(place("  "), "expression:1:3");
  EXPECT_EQ(place("a OR"), "expression:1:5");
  EXPECT_EQ(place("a AND OR b"), "expression:1:7");
  EXPECT_EQ(place("(a b"), "expression:1:1");
  EXPECT_EQ(place("a) b"), "expression:1:2");
  EXPECT_EQ(place("()"), "expression:1:2");
  EXPECT_EQ(place("NOT"), "expression:1:4");
  EXPECT_EQ(place("ä \"b"), "expression:1:3");
  EXPECT_EQ(place("x \"\""), "expression:1:3");
  EXPECT_EQ(place("x /a"), "expression:1:3");
  EXPECT_EQ(place("/var/log"), "expression:1:6");
  EXPECT_EQ(place("x /a(/"), "expression:1:3");
  EXPECT_EQ(place("level:eror"), "expression:1:7");
  EXPECT_EQ(place("a since:yesterday"), "expression:1:9");
  EXPECT_EQ(place("template:xyz"), "expression:1:10");
  EXPECT_EQ(place("level:"), "expression:1:7");
  EXPECT_EQ(place("field:"), "expression:1:7");
  EXPECT_EQ(place("x field:=1"), "expression:1:9");
  EXPECT_EQ(place("field:a="), "expression:1:9");
  EXPECT_EQ(place("field:a>=many"), "expression:1:10");
  EXPECT_EQ(place("field:a~(b"), "expression:1:9");
  EXPECT_EQ(place("field:\"a"), "expression:1:7");
}

TEST(expression, a_wrong_level_is_told_what_was_probably_meant) {
  EXPECT_NE(parse_expression("level:eror").error().message.find("did you mean 'error'"), std::string::npos);
}

TEST(expression, deep_and_long_ones_are_refused_and_wide_ones_are_not) {
  EXPECT_FALSE(parse_expression(std::string(5000, '(')));
  EXPECT_FALSE(parse_expression(std::string(100'000, 'x')));
  std::string wide;
  for (int i = 0; i < 10'000; ++i) wide += "a !";
  EXPECT_FALSE(parse_expression(wide));  // a "!" at its end
  EXPECT_TRUE(parse_expression(wide + "a"));
}

}  // namespace
}  // namespace conclave::logs
