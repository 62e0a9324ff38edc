#include "scripting/watch.h"

#include <array>
#include <csignal>
#include <cstdio>
#include <thread>
#include <utility>

namespace conclave::scripting {
namespace {

using namespace std::chrono_literals;

constexpr auto look_interval = 25ms;
constexpr auto signal_interval = 100ms;
constexpr auto slow_signal_interval = 1s;  // for what has been given up
constexpr auto patience = 2s;              // from its deadline, or from being stopped, until it is given up
constexpr const char* stopped_before = "the job was stopped before it began";

std::string seconds_text(double seconds) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%g s", seconds);
  return text.data();
}

}  // namespace

Watch::Watch(pthread_t script_thread, std::function<void(Ticket)> cancel)
    : script_thread_(script_thread), cancel_(std::move(cancel)) {
  ::sem_init(&wake_, 0, 0);
  std::thread([this] {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    run();
  }).detach();
}

Ticket Watch::add(Watched watched) {
  const Ticket ticket = new_ticket();
  const std::lock_guard lock(mutex_);
  entries_[ticket].watched = std::move(watched);
  wake();
  return ticket;
}

bool Watch::begin(Ticket ticket) {
  Calls calls;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(ticket);
    if (found == entries_.end()) return false;
    Entry& entry = found->second;
    if (!entry.given_up && !entry.watched.job->stopped()) {
      entry.begun = true;
      entry.began = Clock::now();
      entry.deadline =
          entry.began + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(entry.watched.time_s));
      on_thread_ = ticket;
      return true;
    }
    if (!entry.given_up) give_up(entry, consensus::Status::cancelled, stopped_before, calls);
    entries_.erase(found);
  }
  for (const auto& call : calls) call();
  return false;
}

void Watch::parked(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  if (on_thread_ == ticket) on_thread_ = 0;
  if (const auto found = entries_.find(ticket); found != entries_.end()) found->second.parked = true;
}

std::optional<Watch::Ended> Watch::end(Ticket ticket) {
  if (Ticket expected = ticket; ticket != 0) interrupted_.compare_exchange_strong(expected, 0);
  const std::lock_guard lock(mutex_);
  if (on_thread_ == ticket) on_thread_ = 0;
  const auto found = entries_.find(ticket);
  if (found == entries_.end()) return std::nullopt;
  Entry entry = std::move(found->second);
  entries_.erase(found);
  if (entry.given_up) return std::nullopt;
  return Ended{std::move(entry.watched), entry.timed_out};
}

bool Watch::stop_due(Ticket ticket) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(ticket);
  return found != entries_.end() && found->second.due;
}

void Watch::note_line(Ticket ticket, int line) {
  const std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(ticket); found != entries_.end()) found->second.line = line;
}

void Watch::turn() {
  const std::lock_guard lock(mutex_);
  on_thread_ = 0;
  last_turn_ = Clock::now();
}

void Watch::interrupt(Ticket ticket) noexcept {
  interrupted_.store(ticket);
  signal();
  wake();
}

bool Watch::take_interrupt(Ticket ticket) noexcept {
  Ticket expected = ticket;
  return ticket != 0 && interrupted_.compare_exchange_strong(expected, 0);
}

bool Watch::running_on_thread() const {
  const std::lock_guard lock(mutex_);
  return on_thread_ != 0;
}

bool Watch::stop_running() {
  const std::lock_guard lock(mutex_);
  bool any = false;
  for (auto& [ticket, entry] : entries_) {
    if (!entry.begun || (on_thread_ != 0 && ticket != on_thread_)) continue;
    entry.watched.job->request_stop();
    entry.due = true;
    any = true;
  }
  return any;
}

void Watch::stop_all() {
  const std::lock_guard lock(mutex_);
  for (auto& [ticket, entry] : entries_) {
    entry.watched.job->request_stop();
    entry.due = true;
  }
}

std::vector<RunningScript> Watch::running() const {
  using State = RunningScript::State;
  const auto now = Clock::now();
  std::vector<RunningScript> list;
  const std::lock_guard lock(mutex_);
  for (const auto& [ticket, entry] : entries_) {
    const State state = entry.given_up                 ? State::given_up
                        : entry.due                    ? State::interrupted
                        : entry.watched.job->stopped() ? State::asked
                        : !entry.begun                 ? State::waiting
                        : entry.parked                 ? State::awaiting
                                                       : State::running;
    list.push_back(
        {ticket, entry.watched.who, false, state, entry.begun ? std::chrono::duration<double>(now - entry.began).count() : 0});
  }
  return list;
}

bool Watch::stop(Ticket ticket, StopHow how) {
  if (how == StopHow::kill) return false;
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(ticket);
  if (found == entries_.end()) return false;
  found->second.watched.job->request_stop();
  if (how == StopHow::interrupt) found->second.due = true;
  return true;
}

std::string Watch::place_of(Ticket ticket) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(ticket);
  return found == entries_.end() || found->second.line == 0 ? "" : "line " + std::to_string(found->second.line);
}

void Watch::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    while (entries_.empty() && interrupted_ == 0) {
      lock.unlock();
      ::sem_wait(&wake_);
      while (::sem_trywait(&wake_) == 0) continue;  // one look serves all that was announced so far
      lock.lock();
    }
    if (interrupted_ != 0) signal();
    Calls calls;
    look(Clock::now(), calls);
    lock.unlock();
    for (const auto& call : calls) call();
    calls.clear();
    std::this_thread::sleep_for(look_interval);
    lock.lock();
  }
}

void Watch::look(Clock::time_point now, Calls& calls) {
  for (auto& [ticket, entry] : entries_) {
    if (entry.begun) look_at_running(ticket, entry, now, calls);
  }
  const std::string stuck = stuck_in(now);
  for (auto& [ticket, entry] : entries_) {
    if (entry.begun || entry.given_up) continue;
    if (entry.watched.job->stopped()) {
      give_up(entry, consensus::Status::cancelled, stopped_before, calls);
    } else if (!stuck.empty()) {
      give_up(entry, consensus::Status::failed, "the script thread is stuck in " + stuck, calls);
    }
  }
}

void Watch::look_at_running(Ticket ticket, Entry& entry, Clock::time_point now, Calls& calls) {
  if (!entry.watched.job->stopped() && now >= entry.deadline + entry.watched.grace) {
    entry.timed_out = true;
    entry.due = true;
    entry.watched.job->request_stop();
  }
  if (entry.watched.job->stopped()) {
    if (entry.stop_seen == Clock::time_point{}) entry.stop_seen = now;
    if (now >= entry.stop_seen + entry.watched.grace) entry.due = true;
  }
  if (entry.due && !entry.cancelled && entry.parked) {
    entry.cancelled = true;
    calls.emplace_back([this, ticket] { cancel_(ticket); });
  }
  if (entry.due && now >= entry.next_signal) {
    entry.next_signal = now + (entry.given_up ? Clock::duration(slow_signal_interval) : Clock::duration(signal_interval));
    signal();
  }
  const bool late = now >= entry.deadline + patience;
  const bool stopped_long = entry.stop_seen != Clock::time_point{} && now >= entry.stop_seen + patience;
  if (!entry.given_up && (late || stopped_long)) {
    std::string message =
        late || entry.timed_out ? "no answer within " + seconds_text(entry.watched.time_s) : "the job was stopped";
    if (!entry.parked)
      message += ", and it ignores interruption" + (entry.line == 0 ? "" : " at line " + std::to_string(entry.line));
    give_up(entry, late || entry.timed_out ? consensus::Status::timed_out : consensus::Status::cancelled, std::move(message),
            calls);
  }
}

// What has the thread for good, or nothing. Code that is on the thread is stuck once it has been given up. While only tasks take
// turns there, one of them is if the thread has not come by its queue for long although something waits in it.
std::string Watch::stuck_in(Clock::time_point now) const {
  if (on_thread_ != 0) {
    const auto found = entries_.find(on_thread_);
    if (found == entries_.end() || !found->second.given_up) return {};
    return found->second.watched.who + (found->second.line == 0 ? "" : ", line " + std::to_string(found->second.line));
  }
  if (now < last_turn_ + patience) return {};
  std::string who;
  for (const auto& [ticket, entry] : entries_) {
    if (!entry.given_up || !entry.begun) continue;
    who = entry.watched.who + (entry.line == 0 ? "" : ", line " + std::to_string(entry.line));
    if (entry.line != 0) break;  // an interrupt found the thread in this one
  }
  return who;
}

void Watch::give_up(Entry& entry, consensus::Status status, std::string message, Calls& calls) {
  entry.given_up = true;
  calls.emplace_back([give_up = std::move(entry.watched.give_up), status, text = std::move(message)] { give_up(status, text); });
}

}  // namespace conclave::scripting
