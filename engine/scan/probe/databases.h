// Databases that wait to be asked.
#pragma once

#include "engine/scan/probe/conversation.h"

namespace conclave::scan {

// PING and, where no password is asked for, INFO server.
[[nodiscard]] ConversationPtr talk_redis(const Place& place);
// SSLRequest, and TLS where the server has it. No login is tried, so that none fails in the server's log.
[[nodiscard]] ConversationPtr talk_postgresql(const Place& place);

}  // namespace conclave::scan
