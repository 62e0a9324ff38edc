// Protocols where one answer to one hello tells all.
#pragma once

#include "engine/scan/probe/conversation.h"

namespace conclave::scan {

[[nodiscard]] ConversationPtr talk_memcached(const Place& place);
[[nodiscard]] ConversationPtr talk_mongodb(const Place& place);  // OP_MSG with {hello: 1}
[[nodiscard]] ConversationPtr talk_amqp(const Place& place);     // 0-9-1, RabbitMQ
[[nodiscard]] ConversationPtr talk_mqtt(const Place& place);     // 3.1.1, CONNECT without a name
[[nodiscard]] ConversationPtr talk_zookeeper(const Place& place);

}  // namespace conclave::scan
