// What is looked for in a log: text or a regular expression.
#pragma once

#include <QRegularExpression>
#include <QString>
#include <memory>
#include <utility>
#include <vector>

#include "app/desktop/models/log_text.h"
#include "engine/base/error.h"

namespace conclave::desktop {

// Immutable; any thread.
class LineMatcher {
 public:
  // An expression that is wrong is an error of kind parse.
  [[nodiscard]] static Result<std::shared_ptr<const LineMatcher>> make(const QString& text, bool isExpression, bool caseMatters);
  [[nodiscard]] bool matches(std::string_view line) const;
  // (begin, length) of every match in a line as it is shown, in UTF-16 units. Bounded in time: an expression that would take too
  // long gives fewer.
  [[nodiscard]] std::vector<std::pair<int, int>> spans(const QString& shown) const;

 private:
  LineMatcher() = default;
  QRegularExpression expression_;
  QRegularExpression painted_;  // the same, bounded
  std::string folded_;          // plain text that bytes can be compared with; empty: only the expression can tell
  bool caseMatters_ = true;
};

using MatcherPtr = std::shared_ptr<const LineMatcher>;

[[nodiscard]] LineScan scanFor(const MatcherPtr& matcher);

}  // namespace conclave::desktop
