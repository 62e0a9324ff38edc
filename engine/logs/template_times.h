// When the records of each template were. Internal to the room.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/time.h"
#include "engine/logs/templates.h"

namespace conclave::logs {

struct TemplateTimes {
  TimeUs start = 0;
  TimeUs bucket_us = 0;  // 0 without stamps
  std::size_t buckets = 0;
  std::vector<std::uint32_t> counts;                            // lines, [template * buckets + bucket]
  std::vector<std::optional<std::pair<TimeUs, TimeUs>>> spans;  // first and last time of each log
};

// A second pass over the logs that `groups`, with assignments, are of.
[[nodiscard]] TemplateTimes template_times(std::span<const std::string_view> logs, const TemplateGroups& groups, TimeUs reference,
                                           Job& job);

}  // namespace conclave::logs
