// Ages as people write them: 90s, 15min, 12h, 30d, 8w.
#pragma once

#include <string_view>

#include "engine/base/error.h"
#include "engine/base/time.h"

namespace conclave {

// In microseconds; kind invalid_argument for anything else, also for what is longer than 1,000 years.
[[nodiscard]] Result<TimeUs> parse_duration(std::string_view text);

}  // namespace conclave
