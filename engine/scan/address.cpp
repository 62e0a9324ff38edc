#include "engine/scan/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>

#include <array>
#include <cstring>

namespace conclave::scan {

std::optional<Address> Address::from(const sockaddr* address) {
  Address out;
  if (address->sa_family == AF_INET) {
    std::memcpy(&out.any_.v4, address, sizeof(sockaddr_in));
  } else if (address->sa_family == AF_INET6) {
    std::memcpy(&out.any_.v6, address, sizeof(sockaddr_in6));
  } else {
    return std::nullopt;
  }
  return out;
}

std::optional<Address> Address::from_text(const std::string& text) {
  Address out;
  if (::inet_pton(AF_INET, text.c_str(), &out.any_.v4.sin_addr) == 1) {
    out.any_.v4.sin_family = AF_INET;
    return out;
  }
  const std::size_t percent = text.find('%');
  if (::inet_pton(AF_INET6, text.substr(0, percent).c_str(), &out.any_.v6.sin6_addr) != 1) return std::nullopt;
  out.any_.v6.sin6_family = AF_INET6;
  // An unknown interface stays 0; the kernel then says that the address cannot be used.
  if (percent != std::string::npos) out.any_.v6.sin6_scope_id = ::if_nametoindex(text.substr(percent + 1).c_str());
  return out;
}

Address Address::with_port(std::uint16_t port) const {
  Address out = *this;
  (is_v6() ? out.any_.v6.sin6_port : out.any_.v4.sin_port) = htons(port);
  return out;
}

std::string Address::text() const {
  std::array<char, NI_MAXHOST> buffer{};
  if (::getnameinfo(raw(), size(), buffer.data(), buffer.size(), nullptr, 0, NI_NUMERICHOST) != 0) return {};
  return buffer.data();
}

bool Address::is_loopback() const {
  if (is_v6()) return IN6_IS_ADDR_LOOPBACK(&any_.v6.sin6_addr);
  return (ntohl(any_.v4.sin_addr.s_addr) >> 24U) == 127;
}

bool Address::is_private() const {
  if (is_v6()) {
    const std::uint8_t first = any_.v6.sin6_addr.s6_addr[0];
    return (first & 0xFEU) == 0xFC || IN6_IS_ADDR_LINKLOCAL(&any_.v6.sin6_addr);
  }
  const std::uint32_t v4 = ntohl(any_.v4.sin_addr.s_addr);
  return (v4 >> 24U) == 10 || (v4 >> 20U) == 0xAC1 || (v4 >> 16U) == 0xC0A8 || (v4 >> 16U) == 0xA9FE || (v4 >> 22U) == 0x191;
}

bool Address::operator==(const Address& other) const {
  if (family() != other.family()) return false;
  if (is_v6())
    return std::memcmp(&any_.v6.sin6_addr, &other.any_.v6.sin6_addr, sizeof(in6_addr)) == 0 &&
           any_.v6.sin6_port == other.any_.v6.sin6_port;
  return any_.v4.sin_addr.s_addr == other.any_.v4.sin_addr.s_addr && any_.v4.sin_port == other.any_.v4.sin_port;
}

}  // namespace conclave::scan
