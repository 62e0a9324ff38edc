// SMTP (RFC 5321) as far as STARTTLS (RFC 3207), and a QUIT.
#pragma once

#include "engine/scan/probe/conversation.h"

namespace conclave::scan {

// Whether a mail server says these first bytes; false while they are too few.
[[nodiscard]] bool is_smtp_greeting(std::string_view bytes);
[[nodiscard]] Service smtp_service(std::string_view greeting);
[[nodiscard]] ConversationPtr talk_smtp(const Place& place);

}  // namespace conclave::scan
