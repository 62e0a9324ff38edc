// Calls that look names up and cannot be interrupted, on a bounded number of threads.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "engine/scan/lookup.h"

namespace conclave::scan {

// A thread that hangs is abandoned: it owns a share of the state, writes its late answer there and ends; at most `max_threads`
// exist, abandoned ones included. One user thread.
class LookupThreads {
 public:
  using Clock = std::chrono::steady_clock;
  // `timeout` is per name, from the moment its lookup starts. After `max_threads` names in a row without an answer the rest
  // is given up, so that sources that are dead cost a bounded time whatever the number of names.
  LookupThreads(LookupFunction lookup, std::chrono::milliseconds timeout, std::size_t max_threads);
  ~LookupThreads();  // does not wait
  LookupThreads(const LookupThreads&) = delete;
  LookupThreads& operator=(const LookupThreads&) = delete;

  void ask(std::size_t id, std::string name);
  struct Answer {
    std::size_t id;
    Lookup lookup;
  };
  // The answers since the last call, time-outs among them; never blocks.
  [[nodiscard]] std::vector<Answer> collect(Clock::time_point now);
  // Becomes readable when collect() has something new; time-outs come without it. -1 if there was no descriptor for it.
  [[nodiscard]] int wake_fd() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
  std::chrono::milliseconds timeout_;
};

}  // namespace conclave::scan
