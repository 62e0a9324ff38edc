// Who runs on the script thread, for how long, and who is to be interrupted.
//
// Time-outs are kept in two places. An expert's own runner (conclave/_runner.py) ends it when its time is up, in this program as
// in a plain Python. The watch stands behind that: what is still there a little later it interrupts by SIGUSR2 at the script
// thread, which also ends sleep, locks and recv, and what is there after two seconds it gives up: the answer is then that it did
// not answer, and everything that waits for the script thread behind it fails at once, naming it. When the code comes back after
// all, its answer is dropped and the thread goes on. Nothing here takes the GIL, so that C code that holds it cannot stop the
// watch.
#pragma once

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>  // pthread_kill

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/consensus/response.h"
#include "scripting/running.h"

namespace conclave::scripting {

using Ticket = std::uint64_t;  // 0: none

struct Watched {
  std::string who;  // "expert disk"
  double time_s = 60;
  std::chrono::milliseconds grace{0};                           // after its time or a stop: for its own runner to end it
  JobPtr job;                                                   // its own: stopped when its time is up
  std::function<void(consensus::Status, std::string)> give_up;  // at most once, from the watch's thread or begin()
  std::function<void(consensus::ExpertResponse)> answer;        // experts only
};

// Owner: ScriptThread; lives as long as the process, like the detached thread it starts. Members: any thread.
class Watch {
 public:
  // `cancel` is called with tickets of awaiting code that should end; from the watch's thread, without a lock.
  Watch(pthread_t script_thread, std::function<void(Ticket)> cancel);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  [[nodiscard]] Ticket new_ticket() noexcept { return ++last_ticket_; }
  // It waits for the thread.
  [[nodiscard]] Ticket add(Watched watched);
  // It starts to run, and its time with it. False: it was given up while it waited, or is now since its job was stopped, and is
  // forgotten. Call it without the GIL, because give_up may be called.
  [[nodiscard]] bool begin(Ticket ticket);
  // It awaits something; the thread is free.
  void parked(Ticket ticket);
  struct Ended {
    Watched watched;
    bool timed_out;  // the watch found its time up
  };
  // It ended. Nothing if it was given up before.
  [[nodiscard]] std::optional<Ended> end(Ticket ticket);

  [[nodiscard]] bool stop_due(Ticket ticket) const;  // whether code of this ticket is to be interrupted now
  void note_line(Ticket ticket, int line);           // where an interrupt found it
  void turn();                                       // the script thread came by its queue

  // One KeyboardInterrupt for a console command: signalled again and again until the command takes it or ends, since code that is
  // about to wait (the line editor, between its prompt and its select) may miss a single one. Async-signal-safe.
  void interrupt(Ticket ticket) noexcept;
  [[nodiscard]] bool take_interrupt(Ticket ticket) noexcept;
  [[nodiscard]] bool running_on_thread() const;  // an expert or a hook; not merely awaiting
  // Stops and interrupts whatever runs on the thread, or if nothing does all that await. False if there was nothing.
  bool stop_running();
  void stop_all();

  // Experts and hooks; console commands are not among them. False: it ended, or cannot be stopped so.
  [[nodiscard]] std::vector<RunningScript> running() const;
  [[nodiscard]] bool stop(Ticket ticket, StopHow how);

  // "line 12" once an interrupt found the code there, else empty.
  [[nodiscard]] std::string place_of(Ticket ticket) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    Watched watched;
    bool begun = false;
    bool parked = false;
    bool timed_out = false;
    bool due = false;
    bool cancelled = false;  // told to the loop
    bool given_up = false;
    int line = 0;
    Clock::time_point began;
    Clock::time_point deadline;
    Clock::time_point stop_seen;
    Clock::time_point next_signal;
  };
  using Calls = std::vector<std::function<void()>>;
  [[noreturn]] void run();
  void look(Clock::time_point now, Calls& calls);
  void look_at_running(Ticket ticket, Entry& entry, Clock::time_point now, Calls& calls);
  [[nodiscard]] std::string stuck_in(Clock::time_point now) const;
  static void give_up(Entry& entry, consensus::Status status, std::string message, Calls& calls);
  void wake() noexcept { ::sem_post(&wake_); }
  void signal() const noexcept { pthread_kill(script_thread_, SIGUSR2); }

  const pthread_t script_thread_;
  const std::function<void(Ticket)> cancel_;
  std::atomic<Ticket> last_ticket_{0};
  std::atomic<Ticket> interrupted_{0};
  mutable std::mutex mutex_;
  sem_t wake_{};  // a semaphore, because a signal handler may post it
  std::map<Ticket, Entry> entries_;
  Ticket on_thread_ = 0;
  Clock::time_point last_turn_ = Clock::now();
};

}  // namespace conclave::scripting
