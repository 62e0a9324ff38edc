// The engine's search over the lines of a log, as sets that the window shows.
#pragma once

#include <functional>

#include "app/desktop/models/log_text.h"
#include "engine/logs/expression.h"

namespace conclave::desktop {

// What has been found so far; on any thread, one at a time: at once when there is something, then less and less often.
using SoFar = std::function<void(const LineSetPtr& lines)>;

// The lines that it holds for. What is known of a log that grew is not looked for again, unless lines depend on those before.
[[nodiscard]] Result<LineSetPtr> searchLines(const LogText& text, const logs::Expression& expression, Job& job,
                                             const KnownLines& known = {}, const SoFar& soFar = {});
// The first one after `from` (or before it), and after the end from the other end; 0 if there is none. Only lines in `among`,
// unless it is null.
[[nodiscard]] Result<quint64> searchNext(const LogText& text, const logs::Expression& expression, const LineSetPtr& among,
                                         quint64 from, bool forward, Job& job);

}  // namespace conclave::desktop
