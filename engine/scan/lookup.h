// What asking for a host name gives, and the two ways to ask that need no name server of our own choice.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/scan/address.h"

namespace conclave::scan {

struct Lookup {
  std::vector<Address> addresses;  // in the order to try them; port 0
  std::string error;               // why there is none
};
using LookupFunction = std::function<Lookup(const std::string& name)>;

// An answer can hold thousands, and each would be connected to.
inline constexpr std::size_t most_addresses = 128;

// getaddrinfo: whatever this machine is set up for. Blocks for as long as that takes.
[[nodiscard]] Lookup look_up(const std::string& name);

// The address itself, also as inet_aton reads it ("127.1"), or loopback for "localhost". Nothing for other names.
[[nodiscard]] std::optional<Lookup> look_up_directly(const std::string& name);

}  // namespace conclave::scan
