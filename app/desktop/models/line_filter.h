// Which lines of a log are shown: by how grave they are, when they were written, and what they say.
#pragma once

#include <QString>
#include <optional>
#include <utility>
#include <vector>

#include "app/desktop/models/line_matcher.h"
#include "app/desktop/models/line_search.h"
#include "app/desktop/models/log_text.h"
#include "engine/base/time.h"
#include "engine/logs/level.h"

namespace conclave::desktop {

// A text, a regular expression or a query whose lines are shown, or hidden. A plain value.
struct LineRule {
  QString text;
  bool isExpression = false;
  bool caseMatters = false;
  bool hides = false;
  bool isOn = true;
  bool isQuery = false;  // case and expression play no part then
  bool operator==(const LineRule&) const = default;
};
[[nodiscard]] Result<MatcherPtr> matcherOf(const LineRule& rule);

// A plain value.
struct LineFilter {
  logs::Level least = logs::Level::unknown;             // unknown: every line
  std::optional<std::pair<TimeUs, TimeUs>> range = {};  // [first, second)
  std::vector<LineRule> rules = {};  // one of those that show must match, if there are any; none of those that hide
  quint64 around = 0;                // lines before and after each, unless a rule hides them

  [[nodiscard]] bool isEmpty() const;  // every line passes
  bool operator==(const LineFilter&) const = default;
};

// How grave a line is. One that declares no level is as grave as its words, as in the counts of the evidence.
[[nodiscard]] logs::Level gravityOf(std::string_view line);

// The lines that pass. A line without level and stamp belongs to the entry before it, if that has a stamp or the line is
// indented: a stack trace stays with its error. A line without a stamp has the time of the one before. Rules look at each line by
// itself, but for times and templates in queries; one that is no valid expression is an error of kind parse. `soFar` hears of
// lines that pass while others are looked for, if that can be said.
[[nodiscard]] Result<LineSetPtr> filterLines(const LogText& text, const LineFilter& filter, Job& job,
                                             const KnownLines& known = {}, const SoFar& soFar = {});

// An expression for lines that say the same as this one with other values: what follows stamp and level, words with digits left
// open.
[[nodiscard]] QString expressionLike(std::string_view line);

}  // namespace conclave::desktop
