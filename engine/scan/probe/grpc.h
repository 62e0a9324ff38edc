// The health service of gRPC (grpc.health.v1.Health/Check for the whole server) over HTTP/2.
#pragma once

#include "engine/scan/probe/conversation.h"

namespace conclave::scan {

[[nodiscard]] ConversationPtr talk_grpc(const Place& place);

}  // namespace conclave::scan
