// What is still to be tried, in an order that spreads over the hosts, and how much of it may be under way at once.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "engine/scan/address.h"

namespace conclave::scan {

// One address to connect to for one target.
struct Work {
  std::uint32_t target = 0;
  std::uint32_t host = 0;
  Address address;  // with the port
  std::uint8_t self_connects = 0;
};

// Hosts come in turn, in an order drawn from `seed`; the ports of a host in the order they were added. Every member may be called
// from any thread.
class WorkQueue {
 public:
  using Clock = std::chrono::steady_clock;
  struct Limits {
    std::size_t in_flight = SIZE_MAX;
    std::size_t per_host = 100;  // only for addresses that are neither loopback nor private
    double per_second = 0;       // 0: as fast as it goes
    std::chrono::milliseconds patience{1000};
  };
  WorkQueue(const Limits& limits, std::uint64_t seed);

  std::uint32_t add_host(const Address& address);
  void add(std::uint32_t host, std::uint32_t target, std::uint16_t port);

  // Fills the front of `room`; how many. What was taken is in flight until one of the next three has it.
  std::size_t take(std::span<Work> room, Clock::time_point now);
  // `answered`: how many of them the other side had an answer for.
  void ended(std::span<const Work> works, std::size_t answered);
  void try_later(std::span<const Work> works);  // because this machine ran short
  void gave_up(const Work& work);
  // Whether whoever holds the only work in flight, and ran short, should give it up: since the first such question nothing has
  // ended for as long as `patience`.
  [[nodiscard]] bool is_hopeless(Clock::time_point now);
  // Whether one more socket may go to an address whose answer is late. Paid for from an allowance that grows with the answers, so
  // that a few lost packets are made good at once, and a silent network costs one socket for each address.
  [[nodiscard]] bool may_ask_again(Clock::time_point now);

  void lower_limit(std::size_t in_flight);
  [[nodiscard]] bool has_more() const;

 private:
  struct Ports {
    std::uint32_t target;
    std::uint16_t port;
  };
  struct Host {
    Address address;
    std::vector<Ports> work = {};
    std::size_t next = 0;
    std::size_t in_flight = 0;
    bool polite = false;
    bool listed = false;  // in order_
    [[nodiscard]] bool has_more() const { return next < work.size(); }
  };
  void list(std::uint32_t host);
  [[nodiscard]] bool may_go_on(const Host& host) const;
  [[nodiscard]] std::size_t paid(std::size_t wanted, Clock::time_point now);
  void release(const Work& work);

  mutable std::mutex mutex_;
  Limits limits_;
  std::mt19937_64 random_;
  std::vector<Host> hosts_;
  std::vector<std::uint32_t> order_;  // hosts with work that may be taken now
  std::size_t cursor_ = 0;
  std::vector<Work> returned_;
  std::size_t in_flight_ = 0;
  std::size_t allowance_ = 256;
  double tokens_ = 1;
  Clock::time_point tokens_at_;
  std::optional<Clock::time_point> short_since_;
};

}  // namespace conclave::scan
