// One GET by HTTP/1.1.
#pragma once

#include "engine/scan/probe/conversation.h"

namespace conclave::scan {

inline constexpr std::size_t most_http_body = std::size_t{256} * 1024;

[[nodiscard]] ConversationPtr talk_http(const Place& place);

// "[::1]:8080", without the port where it is the usual one.
[[nodiscard]] std::string authority_of(const Place& place);

}  // namespace conclave::scan
