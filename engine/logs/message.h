// Where the message of a line begins, and the shape that is left of it without its parameters. Internal to the room.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "engine/logs/level.h"
#include "engine/logs/timestamp.h"

namespace conclave::logs {

// Offset behind stamps, host, level, process and thread numbers and the component ("sshd[12]:", "dfs.FSNamesystem:").
// A line with neither stamp nor level has no header: 0.
[[nodiscard]] std::size_t message_begin(std::string_view line, const std::optional<LocatedStamp>& stamp,
                                        const LocatedLevel& level, TimeUs reference);

inline constexpr std::string_view parameter = "<*>";
inline constexpr std::size_t max_shape_input = 2048;  // bytes of a message that are looked at

// Replaces `out` by the message with white space made single and every word that is evidently a parameter made <*>.
void make_shape(std::string_view message, std::string& out);

}  // namespace conclave::logs
