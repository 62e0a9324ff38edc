// What is looked for in a log: a text, a regular expression, or a query in the language of `conclave logs search`.
#pragma once

#include <QRegularExpression>
#include <QString>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "app/desktop/models/log_text.h"
#include "engine/base/error.h"
#include "engine/logs/expression.h"
#include "engine/logs/highlight.h"

namespace conclave::desktop {

// Immutable; any thread, but for spans().
class LineMatcher {
 public:
  // An expression that is wrong is an error of kind parse.
  [[nodiscard]] static Result<std::shared_ptr<const LineMatcher>> make(const QString& text, bool isExpression, bool caseMatters);
  [[nodiscard]] static Result<std::shared_ptr<const LineMatcher>> makeQuery(const QString& text);

  // For searchLines(), which looks in the way of the engine: byte by byte, with A to Z folded. Null if only matches() will do,
  // since there are other letters than these.
  [[nodiscard]] const std::optional<logs::Expression>& expression() const { return query_; }
  [[nodiscard]] bool matches(std::string_view line) const;  // not of a query
  // (begin, length) of every match in a line as it is shown, in UTF-16 units. Bounded in time: an expression that would take too
  // long gives fewer.
  [[nodiscard]] std::vector<std::pair<int, int>> spans(const QString& shown) const;

 private:
  LineMatcher() = default;
  QRegularExpression expression_;
  QRegularExpression painted_;  // the same, bounded
  std::string folded_;          // plain text that bytes can be compared with; empty: only the expression can tell
  bool caseMatters_ = true;
  std::optional<logs::Expression> query_;
  std::optional<logs::Highlighter> highlighter_;  // of a query
};

using MatcherPtr = std::shared_ptr<const LineMatcher>;

// Whether a text is clearly a query: it has a filter such as level: or field:, or AND, OR, NOT between words.
[[nodiscard]] bool looksLikeQuery(const QString& text);

[[nodiscard]] LineScan scanFor(const MatcherPtr& matcher);

}  // namespace conclave::desktop
