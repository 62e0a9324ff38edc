// Host names to addresses, without ever making the sweep wait for a slow resolver.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
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

// getaddrinfo: /etc/hosts, DNS and whatever else this machine is set up for. Blocks for as long as that takes.
[[nodiscard]] Lookup look_up(const std::string& name);

// The address itself, or loopback for "localhost": what needs no resolver. Nothing for other names.
[[nodiscard]] std::optional<Lookup> look_up_directly(const std::string& name);

// Asks for names on threads of its own. A lookup cannot be interrupted, so a thread that hangs is abandoned: it owns a share of
// the state, writes its late answer there and ends; at most `max_threads` exist, abandoned ones included. One user thread.
class Resolver {
 public:
  using Clock = std::chrono::steady_clock;
  // `timeout` is per name, from the moment its lookup starts. After `max_threads` names in a row without an answer the rest
  // is given up, so that a dead resolver costs a bounded time whatever the number of names.
  Resolver(LookupFunction lookup, std::chrono::milliseconds timeout, std::size_t max_threads = 64);
  ~Resolver();  // does not wait
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  void ask(std::size_t id, std::string name);
  struct Answer {
    std::size_t id;
    Lookup lookup;
  };
  // The answers since the last call, time-outs among them; never blocks.
  [[nodiscard]] std::vector<Answer> collect(Clock::time_point now);
  [[nodiscard]] bool idle() const { return outstanding_ == 0; }
  // Becomes readable when collect() has something new; time-outs come without it. -1 if there was no descriptor for it.
  [[nodiscard]] int wake_fd() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
  std::chrono::milliseconds timeout_;
  std::size_t outstanding_ = 0;
};

}  // namespace conclave::scan
