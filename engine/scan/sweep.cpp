#include "engine/scan/sweep.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <filesystem>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "engine/scan/cause.h"
#include "engine/scan/proc_net.h"

// Each attempt is one non-blocking socket in an epoll set. All attempts have the same time-out, so the order in which they start
// is the order in which they expire and a queue serves as timer. What this machine lacks (descriptors, ports, memory) is never
// a finding about a target: the attempt goes back to the queue and the window of attempts in flight shrinks by a quarter, to
// grow by one with each attempt that ends, as TCP does with its own window (RFC 5681, section 3.1).

namespace conclave::scan {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds tick{20};                // a stop, a resolver's time-out and a shortage are looked at this often
constexpr std::size_t launches_per_round = 64;  // then events are read, so that latencies are not those of the loop
constexpr int max_self_connects = 3;
constexpr std::uint64_t wake_mark = ~std::uint64_t{0};

// Descriptors that may be used without starving the rest of the program.
std::size_t spare_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
  std::error_code error;
  std::size_t used = 0;
  for (auto entry = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error))
    ++used;
  return limit.rlim_cur > used ? (limit.rlim_cur - used) / 4 * 3 : 0;
}

// With RST instead of FIN: no TIME_WAIT, so a large sweep does not eat the ephemeral ports.
void close_with_reset(int fd) {
  const linger now{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(fd);
}

// Which of two results for different addresses of one name tells more about the service.
int rank(State state) {
  constexpr std::array order = {State::cancelled, State::local_error, State::unreachable, State::filtered,
                                State::rejected,  State::closed,      State::open};
  return static_cast<int>(std::ranges::find(order, state) - order.begin());
}

class Sweep {
 public:
  Sweep(std::span<const Target> targets, const ScanOptions& options, Job& job,
        const std::function<void(const ScanResult&)>& on_result, LookupFunction lookup)
      : targets_(targets),
        timeout_(std::max(options.timeout_ms, 1)),
        max_window_(std::clamp<std::size_t>(spare_descriptors(), 1, std::max<std::size_t>(options.max_in_flight, 1))),
        window_(max_window_),
        forbids_(options.forbids),
        job_(job),
        on_result_(on_result),
        resolver_(std::move(lookup), milliseconds(std::max(options.resolve_timeout_ms, 1))),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        states_(targets.size()),
        results_(targets.size()) {}
  Sweep(const Sweep&) = delete;
  Sweep& operator=(const Sweep&) = delete;
  ~Sweep() {
    for (const Attempt& attempt : attempts_)
      if (attempt.fd >= 0) ::close(attempt.fd);
    if (epoll_ >= 0) ::close(epoll_);
  }

  std::vector<ScanResult> run() {
    job_.begin("scanning services", targets_.size(), "targets");
    prepare();
    while (decided_ < targets_.size() && !job_.stopped()) {
      if (!have_epoll()) continue;
      launch();
      const bool complete = read_events();
      take_addresses();
      if (complete) expire();
    }
    for (std::size_t i = 0; i < results_.size(); ++i)
      if (!states_[i].decided)
        results_[i] = {targets_[i], State::cancelled, std::nullopt, "", "stopped before there was an answer", now_us()};
    return std::move(results_);
  }

 private:
  struct Host {
    Lookup lookup;
    std::vector<std::uint32_t> waiting;  // targets, until the name is resolved
    bool resolved = false;
  };
  struct TargetState {
    std::uint32_t host = 0;
    std::uint8_t address = 0;  // index of the one that is tried
    std::uint8_t self_connects = 0;
    bool decided = false;
  };
  struct Attempt {
    int fd = -1;
    std::uint32_t target = 0;
    std::uint32_t generation = 0;  // tells a reused slot from the one an old event or deadline meant
    Clock::time_point start;
  };
  struct Deadline {
    std::uint32_t slot;
    std::uint32_t generation;
  };

  void prepare() {
    std::unordered_map<std::string_view, std::uint32_t> known;
    for (std::uint32_t i = 0; i < targets_.size(); ++i) {
      const Target& target = targets_[i];
      results_[i].target = target;
      if (target.host.empty() || target.port == 0) {
        decide(i, target.host.empty() ? State::dns_error : State::local_error,
               target.host.empty() ? "no host" : "port 0 cannot be connected to");
        continue;
      }
      const auto [found, fresh] = known.try_emplace(target.host, static_cast<std::uint32_t>(hosts_.size()));
      states_[i].host = found->second;
      if (fresh) add_host(target.host);
      Host& host = hosts_[found->second];
      if (host.resolved) {
        ready_.push_back(i);
      } else {
        host.waiting.push_back(i);
      }
    }
  }

  void add_host(const std::string& name) {
    hosts_.emplace_back();
    if (auto lookup = look_up_directly(name)) {
      hosts_.back().lookup = std::move(*lookup);
      hosts_.back().resolved = true;
    } else {
      resolver_.ask(hosts_.size() - 1, name);
    }
  }

  // Without a descriptor for epoll nothing can be opened at all.
  bool have_epoll() {
    if (epoll_ < 0) {
      epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
      if (epoll_ < 0) {
        const int os_error = errno;
        const auto now = Clock::now();
        if (!short_since_) short_since_ = now;
        if (now - *short_since_ < timeout_) {
          ::usleep(static_cast<useconds_t>(std::chrono::microseconds(tick).count()));
        } else {
          for (std::uint32_t i = 0; i < targets_.size(); ++i)
            if (!states_[i].decided) decide(i, State::local_error, std::generic_category().message(os_error));
        }
        return false;
      }
    }
    if (!watching_resolver_ && resolver_.wake_fd() >= 0) {
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = wake_mark;
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, resolver_.wake_fd(), &event);
    }
    watching_resolver_ = true;
    return true;
  }

  void launch() {
    more_to_launch_ = false;
    if (ready_.empty() || in_flight_ >= window_ || Clock::now() < hold_until_) return;
    for (std::size_t i = 0; i < launches_per_round && !ready_.empty() && in_flight_ < window_; ++i) {
      const std::uint32_t target = ready_.front();
      ready_.pop_front();
      if (!start(target)) return;
    }
    more_to_launch_ = !ready_.empty() && in_flight_ < window_;
  }

  // False if this machine ran short; the target is back in the queue then, or decided.
  bool start(std::uint32_t target) {
    const Address address = address_of(target);
    if (std::string why = forbids_ ? forbids_(address) : std::string(); !why.empty()) {
      ended(target, {State::local_error, std::move(why)}, std::nullopt);
      return true;
    }
    const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd < 0) return failed_to_start(target, errno);
    if (!address.is_loopback()) ask_for_icmp(fd, address.is_v6());
    const auto begin = Clock::now();
    if (::connect(fd, address.raw(), address.size()) == 0) {
      connected(target, fd, begin);
      short_since_.reset();
      return true;
    }
    if (errno != EINPROGRESS) {
      const int os_error = errno;
      ::close(fd);
      return failed_to_start(target, os_error, begin);
    }
    const std::uint32_t slot = take_slot();
    epoll_event event{};
    event.events = EPOLLOUT;
    event.data.u64 = (std::uint64_t{attempts_[slot].generation} << 32U) | slot;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
      const int os_error = errno;
      ::close(fd);
      free_slots_.push_back(slot);
      return failed_to_start(target, os_error);
    }
    attempts_[slot].fd = fd;
    attempts_[slot].target = target;
    attempts_[slot].start = begin;
    deadlines_.push_back({slot, attempts_[slot].generation});
    ++in_flight_;
    short_since_.reset();
    return true;
  }

  bool failed_to_start(std::uint32_t target, int os_error, Clock::time_point begin = {}) {
    // Without any IPv6 address the kernel reports the lack of a source address, as if ports had run out.
    if (os_error == EADDRNOTAVAIL && address_of(target).is_v6() && !has_ipv6()) {
      ended(target, {State::unreachable, "this machine has no IPv6 address"}, std::nullopt);
      return true;
    }
    if (!is_shortage(os_error)) {
      const Cause cause = cause_of(os_error);
      const bool answered = cause.state == State::closed;
      ended(target, cause, answered ? std::optional(since(begin)) : std::nullopt);
      return true;
    }
    const auto now = Clock::now();
    if (!short_since_) short_since_ = now;
    if (in_flight_ == 0 && now - *short_since_ >= timeout_) {
      ended(target, {State::local_error, std::generic_category().message(os_error)}, std::nullopt);
      return true;
    }
    ready_.push_back(target);
    window_ = std::max<std::size_t>(1, in_flight_ * 3 / 4);
    hold_until_ = now + tick;
    return false;
  }

  bool has_ipv6() {
    if (!has_ipv6_) has_ipv6_ = machine_has_ipv6();
    return *has_ipv6_;
  }

  // True if every event that was there has been read.
  bool read_events() {
    polled_ = Clock::now();
    auto wait = more_to_launch_ ? milliseconds(0) : tick;
    if (!deadlines_.empty()) {
      const auto left = attempts_[deadlines_.front().slot].start + timeout_ - polled_;
      wait = std::clamp(std::chrono::ceil<milliseconds>(left), milliseconds(0), wait);
    }
    std::array<epoll_event, 256> events{};
    const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), static_cast<int>(wait.count()));
    for (int i = 0; i < count; ++i) {
      const std::uint64_t data = events[static_cast<std::size_t>(i)].data.u64;
      if (data == wake_mark) continue;
      const auto slot = static_cast<std::uint32_t>(data);
      if (attempts_[slot].fd >= 0 && attempts_[slot].generation == data >> 32U) answered(slot);
    }
    return count < static_cast<int>(events.size());
  }

  void answered(std::uint32_t slot) {
    const Attempt attempt = release(slot);
    int os_error = 0;
    socklen_t size = sizeof os_error;
    if (::getsockopt(attempt.fd, SOL_SOCKET, SO_ERROR, &os_error, &size) != 0) os_error = errno;
    if (os_error == 0) return connected(attempt.target, attempt.fd, attempt.start);
    const double latency = since(attempt.start);
    const Cause cause = cause_of(os_error, attempt.fd);
    ::close(attempt.fd);
    ended(attempt.target, cause,
          cause.state == State::closed || cause.state == State::rejected ? std::optional(latency) : std::nullopt);
  }

  void connected(std::uint32_t target, int fd, Clock::time_point start) {
    const double latency = since(start);
    const bool self = is_self_connected(fd);
    close_with_reset(fd);
    if (!self) return ended(target, {State::open, ""}, latency);
    // That it could happen shows that nobody listens, but in the meantime somebody may.
    if (++states_[target].self_connects < max_self_connects) {
      ready_.push_front(target);
    } else {
      ended(target, {State::closed, "only this machine's own connection met itself there"}, latency);
    }
  }

  // By the time of the last look at the events, so that a process that was held up does not miss an answer that is there.
  void expire() {
    while (!deadlines_.empty()) {
      const Deadline first = deadlines_.front();
      const Attempt& attempt = attempts_[first.slot];
      if (attempt.fd >= 0 && attempt.generation == first.generation) {
        if (polled_ - attempt.start < timeout_) return;
        const Attempt late = release(first.slot);
        ::close(late.fd);
        ended(late.target, {State::filtered, "no answer within " + std::to_string(timeout_.count()) + " ms"}, std::nullopt);
      }
      deadlines_.pop_front();
    }
  }

  void take_addresses() {
    if (resolver_.idle()) return;
    for (Resolver::Answer& answer : resolver_.collect(Clock::now())) {
      Host& host = hosts_[answer.id];
      host.lookup = std::move(answer.lookup);
      host.resolved = true;
      for (const std::uint32_t target : std::exchange(host.waiting, {})) {
        if (host.lookup.addresses.empty()) {
          decide(target, State::dns_error, host.lookup.error);
        } else {
          ready_.push_back(target);
        }
      }
    }
  }

  std::uint32_t take_slot() {
    if (free_slots_.empty()) {
      attempts_.emplace_back();
      return static_cast<std::uint32_t>(attempts_.size() - 1);
    }
    const std::uint32_t slot = free_slots_.back();
    free_slots_.pop_back();
    return slot;
  }

  Attempt release(std::uint32_t slot) {
    const Attempt attempt = attempts_[slot];
    attempts_[slot].fd = -1;
    ++attempts_[slot].generation;
    free_slots_.push_back(slot);
    --in_flight_;
    if (window_ < max_window_) ++window_;
    return attempt;
  }

  [[nodiscard]] Address address_of(std::uint32_t target) const {
    const TargetState& state = states_[target];
    return hosts_[state.host].lookup.addresses[state.address].with_port(targets_[target].port);
  }

  static double since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

  // One address has been tried; goes on with the next one, or decides.
  void ended(std::uint32_t target, const Cause& cause, std::optional<double> latency) {
    ScanResult& best = results_[target];
    TargetState& state = states_[target];
    if (rank(cause.state) > rank(best.state)) {
      best.state = cause.state;
      best.detail = cause.detail;
      best.latency_ms = latency;
      best.address = address_of(target).text();
    }
    if (cause.state != State::open && std::size_t{state.address} + 1 < hosts_[state.host].lookup.addresses.size()) {
      ++state.address;
      state.self_connects = 0;
      ready_.push_front(target);
      return;
    }
    publish(target);
  }

  void decide(std::uint32_t target, State state, std::string detail) {
    results_[target].state = state;
    results_[target].detail = std::move(detail);
    publish(target);
  }

  void publish(std::uint32_t target) {
    results_[target].time = now_us();
    states_[target].decided = true;
    ++decided_;
    job_.advance();
    if (on_result_) on_result_(results_[target]);
  }

  std::span<const Target> targets_;
  milliseconds timeout_;
  std::size_t max_window_;
  std::size_t window_;  // attempts allowed in flight now
  const std::function<std::string(const Address&)> forbids_;
  Job& job_;
  const std::function<void(const ScanResult&)>& on_result_;
  Resolver resolver_;
  int epoll_;
  bool watching_resolver_ = false;
  bool more_to_launch_ = false;
  std::optional<bool> has_ipv6_;
  std::optional<Clock::time_point> short_since_;  // nothing could be opened since
  Clock::time_point hold_until_;
  Clock::time_point polled_;  // just before events were last read
  std::vector<Host> hosts_;
  std::vector<TargetState> states_;
  std::deque<std::uint32_t> ready_;
  std::vector<Attempt> attempts_;
  std::vector<std::uint32_t> free_slots_;
  std::deque<Deadline> deadlines_;
  std::size_t in_flight_ = 0;
  std::size_t decided_ = 0;
  std::vector<ScanResult> results_;
};

}  // namespace

std::vector<ScanResult> sweep(std::span<const Target> targets, const ScanOptions& options, Job& job,
                              const std::function<void(const ScanResult&)>& on_result, LookupFunction lookup) {
  return Sweep(targets, options, job, on_result, std::move(lookup)).run();
}

std::vector<ScanResult> scan(std::span<const Target> targets, const ScanOptions& options, Job& job,
                             const std::function<void(const ScanResult&)>& on_result) {
  return sweep(targets, options, job, on_result, look_up);
}

}  // namespace conclave::scan
