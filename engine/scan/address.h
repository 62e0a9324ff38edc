// One IP address and port as the kernel wants it.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

namespace conclave::scan {

class Address {
 public:
  Address() = default;
  // Takes the address of an AF_INET or AF_INET6 socket address; nothing for other families.
  [[nodiscard]] static std::optional<Address> from(const sockaddr* address);
  // "192.0.2.1", "2001:db8::1", "fe80::1%eth0"; nothing for names.
  [[nodiscard]] static std::optional<Address> from_text(const std::string& text);

  [[nodiscard]] Address with_port(std::uint16_t port) const;
  [[nodiscard]] std::string text() const;  // without port, IPv6 without brackets
  [[nodiscard]] bool is_v6() const { return any_.v6.sin6_family == AF_INET6; }
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] bool is_private() const;  // never routed in the internet: RFC 1918, 3927, 4193, 6598, link-local
  [[nodiscard]] int family() const { return any_.v6.sin6_family; }
  [[nodiscard]] const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&any_); }
  [[nodiscard]] socklen_t size() const { return is_v6() ? sizeof(sockaddr_in6) : sizeof(sockaddr_in); }
  bool operator==(const Address& other) const;

 private:
  union {
    sockaddr_in6 v6;
    sockaddr_in v4;
  } any_{};
};

}  // namespace conclave::scan
