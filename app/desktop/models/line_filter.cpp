#include "app/desktop/models/line_filter.h"

#include "engine/logs/summary.h"
#include "engine/logs/timestamp.h"

namespace conclave::desktop {

namespace {

constexpr quint64 longest_entry = 1000;  // lines; of a longer one the rest may be missed where two runs meet

class EntryTest {
 public:
  EntryTest(const LineFilter& filter, TimeUs reference) : filter_(filter), reference_(reference) {}

  bool operator()(std::string_view line) {
    using logs::Level;
    Level level = logs::level_of(line);
    const auto stamp = logs::find_stamp(line, reference_);
    if (stamp) time_ = stamp->time;
    const bool follows = !stamp && level == Level::unknown && (stamped_ || line.starts_with(' ') || line.starts_with('\t'));
    if (!follows) stamped_ = stamp.has_value();
    if (filter_.least != Level::unknown) {
      if (level == Level::unknown && logs::matches_error(line)) level = Level::error;
      if (level == Level::unknown && logs::matches_warning(line)) level = Level::warning;
      const bool grave = level >= filter_.least;
      if (!follows) entryIsGrave_ = grave;
      if (!grave && !entryIsGrave_) return false;
    }
    return !filter_.range || (time_ && *time_ >= filter_.range->first && *time_ < filter_.range->second);
  }

 private:
  LineFilter filter_;
  TimeUs reference_;
  std::optional<TimeUs> time_;
  bool stamped_ = false;
  bool entryIsGrave_ = false;
};

}  // namespace

LineScan scanFor(const LineFilter& filter) {
  const TimeUs reference = now_us();
  return {[filter, reference]() -> LineTest { return EntryTest(filter, reference); }, 65536, longest_entry};
}

}  // namespace conclave::desktop
