#include "engine/scan/sweep_worker.h"

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <system_error>
#include <utility>

// Three things make a sweep of many closed ports cheap, and none may make it wrong.
//  - A socket that was refused is used again. What became of an attempt is asked by connect() on the same socket, which also
//  makes
//    the socket fit for the next address (SO_ERROR would not). Whatever an event meant, that call says what is true now.
//  - On loopback the refusal is there before the first connect() returns, so that mostly no event is needed.
//  - A socket stays in the epoll set, edge-triggered, for as long as it lives.
// What this machine lacks (descriptors, ports, memory) is never a finding about a target: the work goes back to the queue and the
// window of attempts in flight shrinks by a quarter, to grow by one with each that ends (RFC 5681, section 3.1).
// A lost packet is not a silent port either: when an answer is late by what this host showed so far, another socket tries
// while the first stays open, and only the whole time-out makes the target `filtered`.

namespace conclave::scan {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds rest_when_short{20};
constexpr milliseconds between_probes{250};  // at first
constexpr int quick_probes = 3;              // then each pause is twice the one before
constexpr std::size_t batch_size = 64;       // then events are read, so that latencies are not those of the loop
constexpr std::size_t enough_to_deliver = 1024;
constexpr int max_self_connects = 3;
constexpr std::uint32_t wake_mark = UINT32_MAX;

int connect_code(int fd, const Address& address) {
  return ::connect(fd, address.raw(), address.size()) == 0 || errno == EISCONN ? 0 : errno;
}

bool is_under_way(int code) { return code == EINPROGRESS || code == EALREADY || code == EINTR; }

// With RST instead of FIN: no TIME_WAIT, so a large sweep does not eat the ephemeral ports.
void reset_when_closed(int fd) {
  const linger now{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

double milliseconds_since(SweepWorker::Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(SweepWorker::Clock::now() - start).count();
}

}  // namespace

SweepWorker::SweepWorker(SweepTerms& terms, std::size_t window)
    : terms_(terms), max_window_(std::max<std::size_t>(window, 1)), window_(max_window_) {}

SweepWorker::~SweepWorker() {
  if (epoll_ >= 0) ::close(epoll_);
  for (const Socket& socket : sockets_)
    if (socket.fd >= 0) ::close(socket.fd);
}

void SweepWorker::round(milliseconds wait, int wake) {
  launch();
  if (in_flight_ > 0 || !may_launch_more_) read_events(may_launch_more_ ? milliseconds(0) : wait, wake);
  ring_alarms();
  if (!may_launch_more_ || found_.size() >= enough_to_deliver) deliver();
}

void SweepWorker::launch() {
  may_launch_more_ = false;
  const auto now = Clock::now();
  if (in_flight_ >= window_ || now < hold_until_) return;
  std::array<Work, batch_size> batch;
  const std::size_t room = std::min(batch_size, window_ - in_flight_);
  const std::size_t count = terms_.queue.take(std::span(batch).first(room), now);
  for (std::size_t i = 0; i < count; ++i) {
    if (const int os_error = start(batch[i]); os_error != 0) {
      terms_.queue.try_later(std::span(batch).subspan(i + 1, count - i - 1));
      return ran_short(batch[i], os_error);
    }
  }
  may_launch_more_ = count == room && in_flight_ < window_;
}

int SweepWorker::start(const Work& work) {
  int code = 0;
  const std::uint32_t socket = take_socket(work.address, code);
  if (socket == none) {
    if (is_shortage(code)) return code;
    report(work, cause_of(code), std::nullopt, false);
    return 0;
  }
  const int fd = sockets_[socket].fd;
  sockets_[socket].start = Clock::now();
  code = connect_code(fd, work.address);
  const bool sent = is_under_way(code);
  if (sent && work.address.is_loopback()) code = connect_code(fd, work.address);
  if (is_under_way(code)) {
    if (!watch(socket)) {
      code = errno;
      close_socket(socket);
      return code;
    }
    keep_waiting(work, socket);
  } else if (code == 0 || sent) {
    judge(work, socket, code);
  } else {
    close_socket(socket);
    // Without any IPv6 address the kernel reports the lack of a source address, as if ports had run out.
    if (code == EADDRNOTAVAIL && work.address.is_v6() && !terms_.has_ipv6) {
      report(work, {State::unreachable, "this machine has no IPv6 address"}, std::nullopt, false);
    } else if (is_shortage(code)) {
      return code;
    } else {
      report(work, cause_of(code), std::nullopt, false);
    }
  }
  return 0;
}

void SweepWorker::ran_short(const Work& work, int os_error) {
  const auto now = Clock::now();
  window_ = std::max<std::size_t>(1, in_flight_ * 3 / 4);
  hold_until_ = now + rest_when_short;
  deliver();
  if (!terms_.queue.is_hopeless(now)) return terms_.queue.try_later({&work, 1});
  terms_.queue.gave_up(work);
  hold_until_ = now;
  note(work, {State::local_error, std::generic_category().message(os_error)}, std::nullopt);
}

std::uint32_t SweepWorker::take_socket(const Address& address, int& os_error) {
  const bool asks_icmp = !address.is_loopback();
  const auto kind = static_cast<std::uint8_t>((address.is_v6() ? 2 : 0) + (asks_icmp ? 1 : 0));
  std::uint32_t socket = none;
  if (!idle_[kind].empty()) {
    socket = idle_[kind].back();
    idle_[kind].pop_back();
    return socket;
  }
  int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  for (auto& others : idle_) {
    if (fd >= 0 || others.empty()) continue;
    close_socket(others.back());
    others.pop_back();
    fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  }
  if (fd < 0) {
    os_error = errno;
    return none;
  }
  if (asks_icmp) ask_for_icmp(fd, address.is_v6());
  if (empty_sockets_.empty()) {
    socket = static_cast<std::uint32_t>(sockets_.size());
    sockets_.emplace_back();
  } else {
    socket = empty_sockets_.back();
    empty_sockets_.pop_back();
  }
  sockets_[socket] = {.fd = fd, .kind = kind, .start = {}};
  return socket;
}

bool SweepWorker::watch(std::uint32_t socket) {
  if (sockets_[socket].watched) return true;
  if (epoll_ < 0) epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) return false;
  epoll_event event{};
  event.events = EPOLLOUT | EPOLLET;
  event.data.u32 = socket;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, sockets_[socket].fd, &event) != 0) return false;
  sockets_[socket].watched = true;
  return true;
}

void SweepWorker::keep_waiting(const Work& work, std::uint32_t socket) {
  if (free_attempts_.empty()) {
    free_attempts_.push_back(static_cast<std::uint32_t>(attempts_.size()));
    attempts_.emplace_back();
  }
  const std::uint32_t index = free_attempts_.back();
  free_attempts_.pop_back();
  if (round_trips_.size() <= work.host) round_trips_.resize(work.host + 1);
  Attempt& attempt = attempts_[index];
  attempt.work = work;
  attempt.start = sockets_[socket].start;
  attempt.first = socket;
  attempt.rings = 0;
  sockets_[socket].attempt = index;
  sockets_[socket].next = none;
  ++in_flight_;
  const auto late_after = milliseconds(std::lround(round_trips_[work.host].late_after_ms()));
  alarms_.push({attempt.start + std::min(late_after, terms_.timeout), index, attempt.generation});
}

void SweepWorker::keep_for_reuse(std::uint32_t socket) {
  sockets_[socket].attempt = none;
  idle_[sockets_[socket].kind].push_back(socket);
}

void SweepWorker::close_socket(std::uint32_t socket) {
  ::close(sockets_[socket].fd);
  sockets_[socket] = {};
  empty_sockets_.push_back(socket);
}

void SweepWorker::read_events(milliseconds wait, int wake) {
  if (!alarms_.empty() && wait.count() > 0)
    wait = std::clamp(std::chrono::ceil<milliseconds>(alarms_.top().time - Clock::now()), milliseconds(0), wait);
  if (epoll_ < 0) {
    pollfd only{wake, POLLIN, 0};
    ::poll(&only, wake >= 0 ? 1 : 0, static_cast<int>(wait.count()));
    return;
  }
  if (wake >= 0 && wake_ != wake) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = wake_mark;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake, &event);
    wake_ = wake;
  }
  std::array<epoll_event, 256> events{};
  int count = static_cast<int>(events.size());
  while (count == static_cast<int>(events.size())) {
    count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), static_cast<int>(wait.count()));
    for (int i = 0; i < count; ++i) {
      const std::uint32_t socket = events[static_cast<std::size_t>(i)].data.u32;
      if (socket != wake_mark && sockets_[socket].attempt != none) static_cast<void>(look_at(socket));
    }
    wait = milliseconds(0);
  }
}

// Before anything is called silent, its sockets are asked once more: a process that was held up misses no answer that is there.
void SweepWorker::ring_alarms() {
  const auto now = Clock::now();
  while (!alarms_.empty() && alarms_.top().time <= now) {
    const Alarm alarm = alarms_.top();
    alarms_.pop();
    const std::uint32_t index = alarm.attempt;
    if (attempts_[index].generation != alarm.generation || look_at_all(index)) continue;
    const Work work = attempts_[index].work;
    const auto end = attempts_[index].start + terms_.timeout;
    if (now >= end) {
      end_attempt(index);
      report(work, {State::filtered, "no answer within " + std::to_string(terms_.timeout.count()) + " ms"}, std::nullopt, false);
      continue;
    }
    const int rings = attempts_[index].rings++;
    if (rings == 0 && terms_.tell_suspects) note(work, {State::suspect, "no answer yet, trying again"}, std::nullopt);
    if (attempts_[index].first == none || terms_.queue.may_ask_again(now)) probe_again(index, now);
    const auto pause = between_probes * (1 << std::clamp(rings + 1 - quick_probes, 0, 10));
    alarms_.push({std::min(now + pause, end), index, alarm.generation});
  }
}

bool SweepWorker::look_at_all(std::uint32_t attempt) {
  std::uint32_t next = none;
  for (std::uint32_t socket = attempts_[attempt].first; socket != none; socket = next) {
    next = sockets_[socket].next;
    if (look_at(socket)) return true;
  }
  return false;
}

void SweepWorker::probe_again(std::uint32_t attempt, Clock::time_point now) {
  int os_error = 0;
  const Address& address = attempts_[attempt].work.address;
  const std::uint32_t socket = take_socket(address, os_error);
  if (socket == none) return;
  if (!is_under_way(connect_code(sockets_[socket].fd, address)) || !watch(socket)) return close_socket(socket);
  sockets_[socket].start = now;
  sockets_[socket].attempt = attempt;
  sockets_[socket].next = std::exchange(attempts_[attempt].first, socket);
}

// True if the attempt is decided by it.
bool SweepWorker::look_at(std::uint32_t socket) {
  const std::uint32_t index = sockets_[socket].attempt;
  Attempt& attempt = attempts_[index];
  const int code = connect_code(sockets_[socket].fd, attempt.work.address);
  if (is_under_way(code)) return false;
  std::uint32_t* link = &attempt.first;
  while (*link != socket) link = &sockets_[*link].next;
  *link = sockets_[socket].next;
  sockets_[socket].attempt = none;
  // The kernel's patience is not the user's: as long as there is time, another socket takes the place of this one.
  if (code == ETIMEDOUT || is_shortage(code)) {
    close_socket(socket);
    return false;
  }
  const Work work = attempt.work;
  round_trips_[work.host].saw(static_cast<float>(milliseconds_since(sockets_[socket].start)));
  end_attempt(index);
  judge(work, socket, code);
  return true;
}

void SweepWorker::end_attempt(std::uint32_t index) {
  Attempt& attempt = attempts_[index];
  std::uint32_t next = none;
  for (std::uint32_t socket = attempt.first; socket != none; socket = next) {
    next = sockets_[socket].next;
    if (attempt.rings > 0) reset_when_closed(sockets_[socket].fd);  // one of several may have connected
    close_socket(socket);
  }
  attempt.first = none;
  ++attempt.generation;
  free_attempts_.push_back(index);
  --in_flight_;
  if (window_ < max_window_) ++window_;
}

// What the other side's answer says. A connection that was reset before anybody looked at it had been there: the port is open.
void SweepWorker::judge(Work work, std::uint32_t socket, int code) {
  const double latency = milliseconds_since(sockets_[socket].start);
  const int fd = sockets_[socket].fd;
  const bool self = code == 0 && is_self_connected(fd);
  if (code == 0 || code == ECONNRESET || code == EPIPE) {
    reset_when_closed(fd);
    close_socket(socket);
    if (!self) return report(work, {State::open, code == 0 ? "" : "connected, and reset at once"}, latency, true);
    // That it could happen shows that nobody listens, but in the meantime somebody may.
    if (++work.self_connects == max_self_connects)
      return report(work, {State::closed, "only this machine's own connection met itself there"}, latency, true);
    if (const int os_error = start(work); os_error != 0) ran_short(work, os_error);
    return;
  }
  Cause cause = work.address.is_loopback() ? cause_of(code) : cause_of(code, fd);
  const bool answered = cause.state == State::closed || cause.state == State::rejected;
  if (cause.state == State::closed) {
    keep_for_reuse(socket);
  } else {
    close_socket(socket);
  }
  report(work, std::move(cause), answered ? std::optional(latency) : std::nullopt, answered);
}

void SweepWorker::note(const Work& work, Cause cause, std::optional<double> latency_ms) {
  Finding& finding = found_.emplace_back();
  finding.target = work.target;
  finding.host = work.host;
  finding.cause = std::move(cause);
  finding.latency_ms = latency_ms;
  finding.time = now_us();
}

void SweepWorker::report(const Work& work, Cause cause, std::optional<double> latency_ms, bool answered) {
  note(work, std::move(cause), latency_ms);
  ended_.push_back(work);
  if (answered) ++answered_;
}

void SweepWorker::deliver() {
  if (!ended_.empty()) terms_.queue.ended(ended_, std::exchange(answered_, 0));
  ended_.clear();
  if (!found_.empty()) terms_.findings.put(found_);
}

}  // namespace conclave::scan
