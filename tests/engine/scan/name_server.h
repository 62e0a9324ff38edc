// A name server of the test's own process on a port of 127.0.0.1, over UDP and TCP: polite, slow, silent and hostile.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "engine/scan/resolver.h"

namespace conclave::scan {

enum class Record : std::uint16_t { a = 1, aaaa = 28 };

struct NameReply {
  std::vector<std::string> addresses = {};  // those of the family that was asked for are given
  int code = 0;                             // 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED
  bool is_cut_off = false;                  // over UDP; TCP tells all
  std::chrono::milliseconds delay{0};
  bool is_dropped = false;
  std::optional<std::string> instead = {};  // of the bytes after the question
};

class NameServer {
 public:
  using Answer = std::function<NameReply(const std::string& name, Record record)>;
  explicit NameServer(Answer answer) : answer_(std::move(answer)) {
    // TCP may have the port already that UDP gets: then another one.
    for (int i = 0; i < 100 && port_ == 0; ++i) open();
    thread_ = std::thread([this] { run(); });
  }
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;
  ~NameServer() {
    is_closed_ = true;
    thread_.join();
    for (const auto& [file, bytes] : peers_) ::close(file);
    ::close(datagrams_);
    ::close(listener_);
  }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // Only this server is asked, whatever this machine has.
  [[nodiscard]] ResolverOptions names(std::chrono::milliseconds timeout = std::chrono::seconds(60)) const {
    return {.timeout = timeout, .sources = NameSources{.files = false}, .servers = address()};
  }
  [[nodiscard]] int asked() const { return asked_; }  // over UDP
  [[nodiscard]] int asked_tcp() const { return asked_tcp_; }
  [[nodiscard]] int most_at_once() const { return most_at_once_; }  // whose answers were delayed

 private:
  using Clock = std::chrono::steady_clock;

  void open() {
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof own;
    auto* address = reinterpret_cast<sockaddr*>(&own);
    datagrams_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int room = 4 << 20;
    ::setsockopt(datagrams_, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (::bind(datagrams_, address, size) == 0 && ::getsockname(datagrams_, address, &size) == 0 &&
        ::bind(listener_, address, size) == 0 && ::listen(listener_, 16) == 0) {
      port_ = ntohs(own.sin_port);
      return;
    }
    ::close(datagrams_);
    ::close(listener_);
  }

  void run() {
    while (!is_closed_) {
      std::vector<pollfd> files = {{datagrams_, POLLIN, 0}, {listener_, POLLIN, 0}};
      for (const auto& [file, bytes] : peers_) files.push_back({file, POLLIN, 0});
      ::poll(files.data(), files.size(), late_.empty() ? 10 : 1);
      if (files[0].revents != 0) take_datagrams();
      if (files[1].revents != 0) {
        const int file = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (file >= 0) peers_[file];
      }
      for (std::size_t i = 2; i < files.size(); ++i)
        if (files[i].revents != 0) take_bytes(files[i].fd);
      while (!late_.empty() && late_.begin()->first <= Clock::now()) {
        send(late_.begin()->second.first, late_.begin()->second.second);
        late_.erase(late_.begin());
      }
    }
  }

  void take_datagrams() {
    std::array<char, 4096> bytes;
    sockaddr_in from{};
    socklen_t size = sizeof from;
    ssize_t count = 0;
    while ((count = ::recvfrom(datagrams_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from), &size)) > 0) {
      ++asked_;
      const auto [text, delay] = reply({bytes.data(), static_cast<std::size_t>(count)}, false);
      if (!text) continue;
      if (delay.count() == 0) {
        send(*text, from);
      } else {
        late_.emplace(Clock::now() + delay, std::pair(*text, from));
        most_at_once_ = std::max(most_at_once_.load(), static_cast<int>(late_.size()));
      }
    }
  }

  void send(const std::string& bytes, const sockaddr_in& to) const {
    ::sendto(datagrams_, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }

  void take_bytes(int file) {
    std::array<char, 4096> piece;
    const ssize_t count = ::recv(file, piece.data(), piece.size(), 0);
    if (count <= 0) {
      peers_.erase(file);
      ::close(file);
      return;
    }
    std::string& bytes = peers_[file];
    bytes.append(piece.data(), static_cast<std::size_t>(count));
    while (bytes.size() >= 2) {
      const std::size_t length = number(bytes, 0);
      if (bytes.size() < 2 + length) return;
      ++asked_tcp_;
      const auto text = reply(std::string_view(bytes).substr(2, length), true).first;
      bytes.erase(0, 2 + length);
      if (!text) continue;
      const std::string framed = two_bytes(text->size()) + *text;
      ::send(file, framed.data(), framed.size(), MSG_NOSIGNAL);
    }
  }

  // RFC 1035, section 4: header, the question again, and a record for each address.
  std::pair<std::optional<std::string>, std::chrono::milliseconds> reply(std::string_view query, bool is_tcp) {
    std::string name;
    std::size_t at = 12;
    while (at < query.size() && query[at] != 0) {
      const auto length = static_cast<unsigned char>(query[at]);
      name += (name.empty() ? "" : ".") + std::string(query.substr(at + 1, length));
      at += 1U + length;
    }
    if (at + 5 > query.size()) return {};
    const auto record = static_cast<Record>(number(query, at + 1));
    const NameReply answer = answer_(name, record);
    if (answer.is_dropped) return {};
    std::string records;
    std::size_t count = 0;
    for (const std::string& each : answer.addresses) {
      const auto address = Address::from_text(each);
      if (address->is_v6() != (record == Record::aaaa)) continue;
      const auto* raw = reinterpret_cast<const char*>(address->raw());
      const std::string bytes = address->is_v6() ? std::string(raw + offsetof(sockaddr_in6, sin6_addr), 16)
                                                 : std::string(raw + offsetof(sockaddr_in, sin_addr), 4);
      records += std::string("\xc0\x0c", 2) + two_bytes(static_cast<unsigned>(record)) + two_bytes(1) +
                 std::string("\0\0\0\x3c", 4) + two_bytes(bytes.size()) + bytes;
      ++count;
    }
    const bool is_cut_off = answer.is_cut_off && !is_tcp;
    if (is_cut_off) {
      records.clear();
      count = 0;
    }
    if (answer.instead) {
      records = *answer.instead;
      count = 1;
    }
    const unsigned flags = 0x8180U | (is_cut_off ? 0x0200U : 0U) | static_cast<unsigned>(answer.code);
    return {std::string(query.substr(0, 2)) + two_bytes(flags) + two_bytes(1) + two_bytes(count) + std::string(4, '\0') +
                std::string(query.substr(12, at + 5 - 12)) + records,
            answer.delay};
  }

  static std::size_t number(std::string_view bytes, std::size_t at) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at])) << 8U | static_cast<unsigned char>(bytes[at + 1]);
  }
  static std::string two_bytes(std::size_t value) {
    return {static_cast<char>(value >> 8U & 0xffU), static_cast<char>(value & 0xffU)};
  }

  Answer answer_;
  int datagrams_ = -1;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::map<int, std::string> peers_;
  std::multimap<Clock::time_point, std::pair<std::string, sockaddr_in>> late_;
  std::atomic<int> asked_{0};
  std::atomic<int> asked_tcp_{0};
  std::atomic<int> most_at_once_{0};
  std::atomic<bool> is_closed_{false};
  std::thread thread_;
};

// Nobody but `lookup` is asked, on threads.
inline ResolverOptions names_by(LookupFunction lookup) {
  return {.sources = NameSources{.files = false, .dns = false, .others = true}, .system = std::move(lookup)};
}

}  // namespace conclave::scan
