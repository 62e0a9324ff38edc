// Listeners on loopback for the tests of this room, and ports that stay silent.
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <thread>
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
  [[nodiscard]] int file() const { return fd_; }

 private:
  int fd_ = -1;
  std::uint16_t port_ = 0;
};

// A port of loopback that answers nothing: a listener whose queue of connections is full drops every new one.
class SilentPort {
 public:
  SilentPort() : listener_("127.0.0.1", 0) {
    for (int& fd : fillers_) {
      fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      const Address address = Address::from_text("127.0.0.1")->with_port(listener_.port());
      static_cast<void>(::connect(fd, address.raw(), address.size()));
    }
    ::fcntl(listener_.file(), F_SETFL, O_NONBLOCK);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;
  ~SilentPort() {
    for (const int fd : fillers_) ::close(fd);
  }
  [[nodiscard]] std::uint16_t port() const { return listener_.port(); }
  // Makes room in the queue, so that whoever tries again is answered.
  void wake_up() const {
    while (::accept4(listener_.file(), nullptr, nullptr, SOCK_CLOEXEC) >= 0) {
    }
  }

 private:
  LoopbackSocket listener_;
  std::array<int, 4> fillers_{};
};

}  // namespace conclave::scan
