// Time zones: what the wall clock of a place means.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/time.h"

namespace conclave::logs {

// Immutable; any thread.
class TimeZone {
 public:
  // "UTC", "+01:00", "-0530", or a name of the system's time zone database such as "Europe/Berlin".
  [[nodiscard]] static Result<std::shared_ptr<const TimeZone>> named(const std::string& name);

  // The moment at which the wall clock says `local` (microseconds as if it were UTC). What the clock says twice in autumn is the
  // first time; what it skips in spring is read with the new offset.
  [[nodiscard]] TimeUs to_utc(TimeUs local) const;

 private:
  struct Period {
    TimeUs begin = 0;   // UTC
    TimeUs offset = 0;  // local - UTC
  };
  std::vector<Period> periods_;  // in order; the first counts from the beginning of time
};

}  // namespace conclave::logs
