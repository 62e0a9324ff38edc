// What the kernel tells about this machine's own sockets and addresses.
#pragma once

#include <string_view>
#include <vector>

#include "engine/scan/address.h"

namespace conclave::scan {

// The addresses with ports of the sockets in state LISTEN, from the text of /proc/net/tcp or tcp6. Lines of another form are
// passed over.
[[nodiscard]] std::vector<std::pair<Address, std::uint16_t>> parse_listening(std::string_view text, bool v6);

[[nodiscard]] bool machine_has_ipv6();  // any address at all, loopback included

}  // namespace conclave::scan
