// Listeners on loopback for the tests of this room.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "engine/scan/address.h"

namespace conclave::scan {

// A socket bound to a free port of `address`; listens unless `backlog` is negative. port() is 0 if that was not possible.
class LoopbackSocket {
 public:
  explicit LoopbackSocket(const char* address = "127.0.0.1", int backlog = 128) {
    const auto place = Address::from_text(address);
    fd_ = ::socket(place->family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ < 0 || ::bind(fd_, place->raw(), place->size()) != 0) return;
    if (backlog >= 0 && ::listen(fd_, backlog) != 0) return;
    sockaddr_in6 own{};
    socklen_t size = sizeof own;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&own), &size);
    port_ = ntohs(own.sin6_port);  // at the same place in both families
  }
  LoopbackSocket(LoopbackSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)), port_(other.port_) {}
  LoopbackSocket(const LoopbackSocket&) = delete;
  LoopbackSocket& operator=(const LoopbackSocket&) = delete;
  ~LoopbackSocket() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  int fd_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace conclave::scan
