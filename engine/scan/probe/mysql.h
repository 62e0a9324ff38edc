// The first packet of a MySQL or MariaDB server ("Protocol::HandshakeV10" and "ERR_Packet" of the MySQL internals manual).
#pragma once

#include <optional>
#include <string_view>

#include "engine/scan/probe/facts.h"

namespace conclave::scan {

// Nothing is ever sent: like any connection without a login, this counts for the server's max_connect_errors, as a bare connect
// does.
[[nodiscard]] std::optional<Service> mysql_greeting(std::string_view bytes);

}  // namespace conclave::scan
