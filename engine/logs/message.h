// Where the message of a line begins. Internal to the room.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "engine/logs/level.h"
#include "engine/logs/timestamp.h"

namespace conclave::logs {

// Offset behind stamps, host, level, process and thread numbers and the component ("sshd[12]:", "dfs.FSNamesystem:").
// A line with neither stamp nor level has no header: 0.
[[nodiscard]] std::size_t message_begin(std::string_view line, const std::optional<LocatedStamp>& stamp,
                                        const LocatedLevel& level, TimeUs reference);

}  // namespace conclave::logs
