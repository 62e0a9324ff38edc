// How many lines a log has in each stretch of time, and how grave they are.
#pragma once

#include <QtGlobal>
#include <utility>
#include <vector>

#include "engine/base/time.h"

namespace conclave::desktop {

// What one log has in one stretch of time.
struct TimeBucket {
  TimeUs start = 0;
  quint64 lines = 0;
  quint64 errors = 0;
  quint64 warnings = 0;
  quint64 firstErrorLine = 0;  // 0: none
};

struct TimeBuckets {
  std::vector<TimeBucket> buckets;  // in order of time
  TimeUs width = 0;
};

using TimeRange = std::pair<TimeUs, TimeUs>;  // [first, second)

// Buckets put together so that there are at most `most` bars, each a round stretch of time wide.
[[nodiscard]] TimeBuckets coarsened(const TimeBuckets& fine, std::size_t most);
// The start of the stretch of that width in which `time` is; stretches begin at the epoch.
[[nodiscard]] TimeUs floorTo(TimeUs time, TimeUs width);

}  // namespace conclave::desktop
