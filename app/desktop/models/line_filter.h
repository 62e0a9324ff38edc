// Which lines of a log are shown: by how grave they are and when they were written.
#pragma once

#include <optional>
#include <utility>

#include "app/desktop/models/log_text.h"
#include "engine/base/time.h"
#include "engine/logs/level.h"

namespace conclave::desktop {

// A plain value.
struct LineFilter {
  logs::Level least = logs::Level::unknown;        // unknown: every line
  std::optional<std::pair<TimeUs, TimeUs>> range;  // [first, second)
  [[nodiscard]] bool isEmpty() const { return least == logs::Level::unknown && !range; }
  bool operator==(const LineFilter&) const = default;
};

// A line that declares no level is as grave as its words, as in the counts of the evidence. A line without level and stamp
// belongs to the entry before it, if that has a stamp or the line is indented: a stack trace stays with its error. A line without
// a stamp has the time of the one before.
[[nodiscard]] LineScan scanFor(const LineFilter& filter);

}  // namespace conclave::desktop
