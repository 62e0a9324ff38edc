// What to look for, line by line: texts and filters, combined with and, or, not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/time.h"
#include "engine/logs/level.h"

namespace conclave::logs {

struct EveryLine {
  bool operator==(const EveryLine&) const = default;
};

// Bytes are compared, not characters; `any_case` folds A to Z only. A regular expression is PCRE2's, searched for in one line.
struct TextPattern {
  std::string text;
  bool regex = false;
  bool any_case = false;
  bool operator==(const TextPattern&) const = default;
};

struct LevelFilter {
  std::uint8_t levels = 0;  // bit n stands for Level n
  bool operator==(const LevelFilter&) const = default;
};

// [since, until). A line without a stamp has the time of the one before it; before the first stamp it is in every range.
struct TimeFilter {
  std::optional<TimeUs> since;
  std::optional<TimeUs> until;
  bool operator==(const TimeFilter&) const = default;
};

struct TemplateFilter {
  std::uint64_t id = 0;
  bool operator==(const TemplateFilter&) const = default;
};

// Of the fields of a line that bear a name (see fields.h) one does; `different` and `not_matching`: there are some and none does.
struct FieldFilter {
  enum class Test : std::uint8_t { there, equal, different, less, at_most, more, at_least, matching, not_matching };
  std::string name;
  Test test = Test::there;  // there: it or a field inside it, and not null
  std::string value = {};   // or a regular expression; a number or a time for those that ask for an order
  bool as_text = false;     // equal: the very same text; else a number may be written in another way, and a time, too
  bool any_case = false;    // of a regular expression
  bool operator==(const FieldFilter&) const = default;
};

// A new kind of filter is one more alternative, one key of the parser, and its answer in search.cpp.
using Condition = std::variant<EveryLine, TextPattern, LevelFilter, TimeFilter, TemplateFilter, FieldFilter>;

// In postfix order: conditions push, the others pop what they combine. A value; never empty.
struct Expression {
  struct Step {
    enum class Kind : std::uint8_t { condition, conjunction, disjunction, negation };
    Kind kind = Kind::condition;
    std::uint32_t condition = 0;  // index, for Kind::condition
    bool operator==(const Step&) const = default;
  };
  std::vector<Condition> conditions;
  std::vector<Step> steps;
  bool operator==(const Expression&) const = default;

  [[nodiscard]] static Expression of(Condition condition);
};

[[nodiscard]] Expression both(Expression a, const Expression& b);
[[nodiscard]] Expression either(Expression a, const Expression& b);
[[nodiscard]] Expression negated(Expression expression);

// The language of people:
//   timeout                  the line holds the text, in any case because it is written small; Timeout means just that
//   "connection reset"       the same with blanks; \" and \\ inside
//   /re[gt]ry \d+/i          a regular expression; i: any case
//   level:error level:>=warning level:info+ level:none    (+ is >=, and so is level>=warning)
//   since:2026-03-01T12:00 until:"2026-03-01 13:00" template:9f3c1e77aa01b2c3
//   field:status>=500 field:user.name=alice field:"request id"!="a b" field:latency_ms<1.5e2 field:ts>=2026-03-01T12:00
//   field:path~^/api/(v1|v2) field:path!~"two words"      a regular expression in the value
//   field:retry                                           there, and not null
//   *                        every line
//   A B, A AND B, A && B     both      A OR B, A || B     either, binds less      NOT A, !A     not      ( )
// A word with an unknown key before the colon is a text. Errors are ErrorKind::parse, `where` is "expression:1:COLUMN" (1-based,
// in characters).
[[nodiscard]] Result<Expression> parse_expression(std::string_view text, bool any_case = false);

// "error", ">=warning", "warning+", "none"; a parse error without a place for anything else.
[[nodiscard]] Result<LevelFilter> parse_level_filter(std::string_view text);

// What people mean by "only errors": "error", ">=error" and "error+" are errors and what is graver; "none" is lines without a
// level. For an option; the language's level: is exact.
[[nodiscard]] Result<LevelFilter> parse_least_level(std::string_view text);

}  // namespace conclave::logs
