// DNS over TCP (RFC 7766): asks for version.bind in the class CHAOS, which every server answers or refuses.
#pragma once

#include "engine/scan/probe/conversation.h"

namespace conclave::scan {

[[nodiscard]] ConversationPtr talk_dns(const Place& place);

}  // namespace conclave::scan
