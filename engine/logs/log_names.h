// Which files of a folder or an archive are taken for logs. Internal to the room.
#pragma once

#include <cstddef>
#include <string_view>

namespace conclave::logs {

inline constexpr std::size_t max_log_files = 10'000;  // of one pattern

// Of a name without folders: *.log*, *.out, *.err, *.txt, *.json, syslog, messages, ... also rotated and packed; not hidden ones.
[[nodiscard]] bool is_log_name(std::string_view name);
// By its first bytes; what is packed is not known to be.
[[nodiscard]] bool is_binary(std::string_view head);

}  // namespace conclave::logs
