// One epoll loop of a sweep: takes work, connects, and says what became of it.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

#include "engine/scan/findings.h"
#include "engine/scan/round_trip.h"
#include "engine/scan/work_queue.h"

namespace conclave::scan {

// What the workers of one sweep share; outlives them.
struct SweepTerms {
  WorkQueue& queue;
  Findings& findings;
  std::chrono::milliseconds timeout;
  bool tell_suspects = false;
  bool has_ipv6 = true;  // this machine has any IPv6 address
  std::atomic<bool> stopped{false};
};

// Made, used and destroyed by one thread, whose descriptors its sockets are.
class SweepWorker {
 public:
  using Clock = WorkQueue::Clock;
  SweepWorker(SweepTerms& terms, std::size_t window);
  ~SweepWorker();  // closes what is under way
  SweepWorker(const SweepWorker&) = delete;
  SweepWorker& operator=(const SweepWorker&) = delete;

  // Starts a batch, reads what was answered, goes after what is late. Waits at most `wait` for answers, and not at all if there
  // may be more to start. `wake`: ends the wait when it is readable; -1 for none.
  void round(std::chrono::milliseconds wait, int wake = -1);
  [[nodiscard]] bool is_full() const { return in_flight_ >= max_window_; }

 private:
  static constexpr std::uint32_t none = UINT32_MAX;
  struct Socket {
    int fd = -1;
    std::uint32_t attempt = none;  // none: nothing under way on it
    std::uint32_t next = none;     // of the same attempt
    bool watched = false;          // in the epoll set, where it stays until it is closed
    std::uint8_t kind = 0;         // index of idle_
    Clock::time_point start;
  };
  struct Attempt {
    Work work;
    Clock::time_point start;
    std::uint32_t first = none;    // socket
    std::uint32_t generation = 0;  // tells a slot that is used again from the one that an alarm meant
    int rings = 0;                 // how often its alarm has rung: late from the first on
  };
  struct Alarm {
    Clock::time_point time;
    std::uint32_t attempt;
    std::uint32_t generation;
    bool operator>(const Alarm& other) const { return time > other.time; }
  };

  void launch();
  // 0, or the errno that says what this machine lacks; nothing is under way then.
  [[nodiscard]] int start(const Work& work);
  void ran_short(const Work& work, int os_error);
  [[nodiscard]] std::uint32_t take_socket(const Address& address, int& os_error);
  [[nodiscard]] bool watch(std::uint32_t socket);
  void keep_waiting(const Work& work, std::uint32_t socket);
  void keep_for_reuse(std::uint32_t socket);
  void close_socket(std::uint32_t socket);
  void read_events(std::chrono::milliseconds wait, int wake);
  void ring_alarms();
  [[nodiscard]] bool look_at_all(std::uint32_t attempt);
  void probe_again(std::uint32_t attempt, Clock::time_point now);
  [[nodiscard]] bool look_at(std::uint32_t socket);
  void end_attempt(std::uint32_t attempt);
  void judge(Work work, std::uint32_t socket, int code);
  void note(const Work& work, Cause cause, std::optional<double> latency_ms);
  void report(const Work& work, Cause cause, std::optional<double> latency_ms, bool answered);
  void deliver();

  SweepTerms& terms_;
  const std::size_t max_window_;
  std::size_t window_;  // attempts allowed in flight now
  std::size_t in_flight_ = 0;
  int epoll_ = -1;
  int wake_ = -1;
  bool may_launch_more_ = false;
  Clock::time_point hold_until_;
  std::vector<Socket> sockets_;
  std::vector<std::uint32_t> empty_sockets_;        // without a descriptor
  std::array<std::vector<std::uint32_t>, 4> idle_;  // refused once, to be used again: by family and whether ICMP is kept
  std::vector<Attempt> attempts_;
  std::vector<std::uint32_t> free_attempts_;
  std::priority_queue<Alarm, std::vector<Alarm>, std::greater<>> alarms_;
  std::vector<RoundTrip> round_trips_;  // by host
  std::vector<Finding> found_;
  std::vector<Work> ended_;
  std::size_t answered_ = 0;  // of ended_
};

}  // namespace conclave::scan
