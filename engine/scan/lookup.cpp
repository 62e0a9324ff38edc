#include "engine/scan/lookup.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace conclave::scan {

Lookup look_up(const std::string& name) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int code = ::getaddrinfo(name.c_str(), nullptr, &hints, &list);
  if (code == EAI_SYSTEM) return {{}, "the resolver failed: " + std::generic_category().message(errno)};
  if (code != 0) return {{}, ::gai_strerror(code)};
  Lookup out;
  for (const addrinfo* entry = list; entry != nullptr && out.addresses.size() < most_addresses; entry = entry->ai_next) {
    const auto address = Address::from(entry->ai_addr);
    if (address && std::ranges::find(out.addresses, *address) == out.addresses.end()) out.addresses.push_back(*address);
  }
  ::freeaddrinfo(list);
  if (out.addresses.empty()) out.error = "the name has no address";
  return out;
}

std::optional<Lookup> look_up_directly(const std::string& name) {
  if (name == "localhost") return Lookup{{*Address::from_text("127.0.0.1"), *Address::from_text("::1")}, {}};
  if (const auto address = Address::from_text(name)) return Lookup{{*address}, {}};
  sockaddr_in short_form{};
  short_form.sin_family = AF_INET;
  if (name.empty() || name.front() < '0' || name.front() > '9' || name.find(' ') != std::string::npos ||
      ::inet_aton(name.c_str(), &short_form.sin_addr) == 0)
    return std::nullopt;
  return Lookup{{*Address::from(reinterpret_cast<const sockaddr*>(&short_form))}, {}};
}

}  // namespace conclave::scan
