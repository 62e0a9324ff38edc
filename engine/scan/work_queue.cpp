#include "engine/scan/work_queue.h"

#include <algorithm>
#include <utility>

namespace conclave::scan {
namespace {

constexpr double burst_seconds = 0.02;  // what a rate may save up while nobody takes

}  // namespace

WorkQueue::WorkQueue(const Limits& limits, std::uint64_t seed) : limits_(limits), random_(seed), tokens_at_(Clock::now()) {}

std::uint32_t WorkQueue::add_host(const Address& address) {
  const std::lock_guard lock(mutex_);
  hosts_.push_back({.address = address, .polite = !address.is_loopback() && !address.is_private()});
  return static_cast<std::uint32_t>(hosts_.size() - 1);
}

void WorkQueue::add(std::uint32_t host, std::uint32_t target, std::uint16_t port) {
  const std::lock_guard lock(mutex_);
  hosts_[host].work.push_back({target, port});
  list(host);
}

// Inserted anywhere with the same chance, which makes a shuffle of a list that grows (R. Durstenfeld, CACM 7(7), 1964, inside
// out).
void WorkQueue::list(std::uint32_t host) {
  if (hosts_[host].listed) return;
  hosts_[host].listed = true;
  order_.push_back(host);
  std::swap(order_[random_() % order_.size()], order_.back());
}

bool WorkQueue::may_go_on(const Host& host) const {
  return host.has_more() && !(host.polite && host.in_flight >= limits_.per_host);
}

std::size_t WorkQueue::paid(std::size_t wanted, Clock::time_point now) {
  if (limits_.per_second <= 0) return wanted;
  const double most = std::max(1.0, limits_.per_second * burst_seconds);
  tokens_ = std::min(most, tokens_ + std::chrono::duration<double>(now - tokens_at_).count() * limits_.per_second);
  tokens_at_ = now;
  const std::size_t got = std::min(wanted, static_cast<std::size_t>(tokens_));
  tokens_ -= static_cast<double>(got);
  return got;
}

std::size_t WorkQueue::take(std::span<Work> room, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (returned_.empty() && order_.empty()) return 0;
  const std::size_t free = limits_.in_flight > in_flight_ ? limits_.in_flight - in_flight_ : 0;
  const std::size_t most = paid(std::min(room.size(), free), now);
  std::size_t count = 0;
  for (; count < most && !returned_.empty(); ++count) {
    room[count] = returned_.back();
    returned_.pop_back();
    ++hosts_[room[count].host].in_flight;
  }
  while (count < most && !order_.empty()) {
    if (cursor_ >= order_.size()) cursor_ = 0;
    const std::uint32_t index = order_[cursor_];
    Host& host = hosts_[index];
    if (!may_go_on(host)) {
      host.listed = false;
      order_[cursor_] = order_.back();
      order_.pop_back();
      continue;
    }
    const Ports next = host.work[host.next++];
    ++host.in_flight;
    room[count++] = {next.target, index, host.address.with_port(next.port)};
    ++cursor_;
  }
  if (limits_.per_second > 0) tokens_ += static_cast<double>(most - count);
  in_flight_ += count;
  return count;
}

void WorkQueue::release(const Work& work) {
  Host& host = hosts_[work.host];
  --in_flight_;
  --host.in_flight;
  if (host.polite && may_go_on(host)) list(work.host);
}

void WorkQueue::ended(std::span<const Work> works, std::size_t answered) {
  const std::lock_guard lock(mutex_);
  allowance_ += answered;
  short_since_.reset();
  for (const Work& work : works) release(work);
}

void WorkQueue::gave_up(const Work& work) {
  const std::lock_guard lock(mutex_);
  release(work);
}

void WorkQueue::try_later(std::span<const Work> works) {
  const std::lock_guard lock(mutex_);
  for (const Work& work : works) {
    release(work);
    returned_.push_back(work);
  }
}

bool WorkQueue::is_hopeless(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (!short_since_) short_since_ = now;
  return in_flight_ == 1 && now - *short_since_ >= limits_.patience;
}

bool WorkQueue::may_ask_again(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (allowance_ == 0 || paid(1, now) == 0) return false;
  --allowance_;
  return true;
}

void WorkQueue::lower_limit(std::size_t in_flight) {
  const std::lock_guard lock(mutex_);
  limits_.in_flight = std::min(limits_.in_flight, std::max<std::size_t>(in_flight, 1));
}

bool WorkQueue::has_more() const {
  const std::lock_guard lock(mutex_);
  return !returned_.empty() || !order_.empty();
}

}  // namespace conclave::scan
