#include "app/desktop/models/time_buckets.h"

#include <array>

namespace conclave::desktop {

TimeUs floorTo(TimeUs time, TimeUs width) {
  const TimeUs rest = time % width;
  return time - (rest < 0 ? rest + width : rest);
}

TimeBuckets coarsened(const TimeBuckets& fine, std::size_t most) {
  TimeBuckets coarse;
  if (fine.buckets.empty() || fine.width <= 0) return coarse;
  const TimeUs span = fine.buckets.back().start - fine.buckets.front().start + fine.width;
  static constexpr std::array<TimeUs, 14> minutes = {1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080};
  coarse.width = fine.width;
  for (const TimeUs each : minutes) {
    if (span / coarse.width <= static_cast<TimeUs>(most)) break;
    const TimeUs width = each * 60 * us_per_second;
    if (width > coarse.width && width % fine.width == 0) coarse.width = width;
  }
  while (span / coarse.width > static_cast<TimeUs>(most)) coarse.width *= 2;
  for (const auto& bucket : fine.buckets) {
    const TimeUs start = floorTo(bucket.start, coarse.width);
    if (coarse.buckets.empty() || coarse.buckets.back().start != start) coarse.buckets.push_back({start, 0, 0, 0, 0});
    TimeBucket& sum = coarse.buckets.back();
    sum.lines += bucket.lines;
    sum.errors += bucket.errors;
    sum.warnings += bucket.warnings;
    if (sum.firstErrorLine == 0) sum.firstErrorLine = bucket.firstErrorLine;
  }
  return coarse;
}

}  // namespace conclave::desktop
