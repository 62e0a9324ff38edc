#include "engine/scan/sweep.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <random>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "engine/scan/findings.h"
#include "engine/scan/proc_net.h"
#include "engine/scan/sweep_crew.h"
#include "engine/scan/work_queue.h"

// The thread that called scan() resolves names, hands out work, and makes results of what is found; see sweep_worker.cpp for how
// that is found.

namespace conclave::scan {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds tick{20};  // a stop and a resolver's time-out are looked at this often

// Which of two results for different addresses of one name tells more about the service.
int rank(State state) {
  constexpr std::array order = {State::cancelled, State::local_error, State::unreachable, State::filtered,
                                State::rejected,  State::closed,      State::open};
  return static_cast<int>(std::ranges::find(order, state) - order.begin());
}

ResolverOptions with_timeout(ResolverOptions names, milliseconds timeout) {
  names.timeout = timeout;
  return names;
}

class Sweep {
 public:
  Sweep(std::span<const Target> targets, const ScanOptions& options, Job& job,
        const std::function<void(const ScanResult&)>& on_result, ResolverOptions names)
      : targets_(targets),
        forbids_(options.forbids),
        job_(job),
        on_result_(on_result),
        resolver_(with_timeout(std::move(names), milliseconds(std::max(options.resolve_timeout_ms, 1)))),
        in_flight_(in_flight_limit(options)),
        queue_({.in_flight = in_flight_,
                .per_host = std::max<std::size_t>(options.max_per_host, 1),
                .per_second = options.per_second,
                .patience = milliseconds(std::max(options.timeout_ms, 1))},
               options.seed ? *options.seed : std::random_device{}()),
        terms_{queue_, findings_, milliseconds(std::max(options.timeout_ms, 1)), options.tell_suspects, machine_has_ipv6()},
        crew_(terms_, targets.size(), in_flight_),
        states_(targets.size()),
        results_(targets.size()) {}

  std::vector<ScanResult> run() {
    job_.begin("scanning services", targets_.size(), "targets");
    prepare();
    while (decided_ < targets_.size() && !job_.stopped()) {
      take_addresses();
      crew_.work(tick, resolver_.wake_fd());
      for (Finding& finding : findings_.take(wait_for_addresses() ? milliseconds(0) : tick)) take(finding);
    }
    crew_.stop();
    for (std::size_t i = 0; i < results_.size(); ++i)
      if (!states_[i].decided)
        results_[i] = {targets_[i], State::cancelled, std::nullopt, "", "stopped before there was an answer", now_us()};
    return std::move(results_);
  }

 private:
  struct Place {
    std::string text;
    std::string forbidden;  // why it may not be tried
  };
  struct Name {
    std::vector<std::uint32_t> hosts;    // places, in the resolver's order
    std::vector<std::uint32_t> waiting;  // targets, until the name is resolved
    bool resolved = false;
  };
  struct TargetState {
    std::uint32_t name = 0;
    std::uint8_t outstanding = 0;  // addresses
    bool suspected = false;
    bool decided = false;
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
      if (i > 0 && target.host == targets_[i - 1].host) {
        states_[i].name = states_[i - 1].name;
      } else {
        const auto [found, fresh] = known.try_emplace(target.host, static_cast<std::uint32_t>(names_.size()));
        states_[i].name = found->second;
        if (fresh) add_name(target.host);
      }
      if (names_[states_[i].name].resolved) {
        start(i);
      } else {
        names_[states_[i].name].waiting.push_back(i);
      }
    }
  }

  void add_name(const std::string& name) {
    names_.emplace_back();
    if (const auto lookup = look_up_directly(name)) {
      resolve(names_.back(), lookup->addresses);
    } else {
      resolver_.ask(names_.size() - 1, name);
    }
  }

  void resolve(Name& name, const std::vector<Address>& addresses) {
    for (const Address& address : addresses) name.hosts.push_back(host_of(address));
    name.resolved = true;
  }

  std::uint32_t host_of(const Address& address) {
    std::string text = address.text();
    const auto [found, fresh] = host_ids_.try_emplace(text, 0);
    if (!fresh) return found->second;
    found->second = queue_.add_host(address);
    places_.push_back({std::move(text), forbids_ ? forbids_(address) : std::string()});
    return found->second;
  }

  void start(std::uint32_t target) {
    const std::vector<std::uint32_t>& hosts = names_[states_[target].name].hosts;
    states_[target].outstanding = static_cast<std::uint8_t>(hosts.size());
    if (hosts.size() > 1) {
      for (const std::uint32_t host : hosts) results_[target].addresses.push_back({.address = places_[host].text});
    }
    for (const std::uint32_t host : hosts) {
      if (places_[host].forbidden.empty()) {
        queue_.add(host, target, targets_[target].port);
      } else {
        Finding finding;
        finding.target = target;
        finding.host = host;
        finding.cause = {State::local_error, places_[host].forbidden};
        finding.time = now_us();
        take(finding);
      }
    }
  }

  void take(Finding& finding) {
    TargetState& state = states_[finding.target];
    ScanResult& result = results_[finding.target];
    const std::string& address = places_[finding.host].text;
    if (finding.cause.state == State::suspect) {
      if (on_result_ && !std::exchange(state.suspected, true))
        on_result_({result.target, State::suspect, std::nullopt, address, finding.cause.detail, finding.time});
      return;
    }
    if (result.addresses.empty()) {
      result.state = finding.cause.state;
      result.detail = std::move(finding.cause.detail);
      result.latency_ms = finding.latency_ms;
      result.address = address;
    } else {
      const auto& hosts = names_[state.name].hosts;
      const auto ordinal = std::ranges::find(hosts, finding.host) - hosts.begin();
      result.addresses[static_cast<std::size_t>(ordinal)] = {address, finding.cause.state, finding.latency_ms,
                                                             std::move(finding.cause.detail)};
    }
    if (--state.outstanding == 0) publish(finding.target, finding.time);
  }

  // What workers elsewhere find meanwhile waits with them. True if somebody has waited on this thread.
  [[nodiscard]] bool wait_for_addresses() const {
    if (!crew_.works_elsewhere()) return true;
    if (resolver_.idle()) return false;
    pollfd answers{resolver_.wake_fd(), POLLIN, 0};
    ::poll(&answers, 1, static_cast<int>(tick.count()));
    return true;
  }

  void take_addresses() {
    if (resolver_.idle()) return;
    for (Resolver::Answer& answer : resolver_.collect(Resolver::Clock::now())) {
      Name& name = names_[answer.id];
      resolve(name, answer.lookup.addresses);
      for (const std::uint32_t target : std::exchange(name.waiting, {})) {
        if (name.hosts.empty()) {
          decide(target, State::dns_error, answer.lookup.error);
        } else {
          start(target);
        }
      }
    }
  }

  void decide(std::uint32_t target, State state, std::string detail) {
    results_[target].state = state;
    results_[target].detail = std::move(detail);
    publish(target, now_us());
  }

  void publish(std::uint32_t target, TimeUs time) {
    ScanResult& result = results_[target];
    if (!result.addresses.empty()) {
      const auto best =
          std::ranges::max_element(result.addresses, {}, [](const AddressResult& each) { return rank(each.state); });
      result.state = best->state;
      result.latency_ms = best->latency_ms;
      result.address = best->address;
      result.detail = best->detail;
    }
    result.time = time;
    states_[target].decided = true;
    ++decided_;
    job_.advance();
    if (on_result_) on_result_(result);
  }

  std::span<const Target> targets_;
  const std::function<std::string(const Address&)> forbids_;
  Job& job_;
  const std::function<void(const ScanResult&)>& on_result_;
  Resolver resolver_;
  const std::size_t in_flight_;  // at most
  WorkQueue queue_;
  Findings findings_;
  SweepTerms terms_;
  SweepCrew crew_;
  std::vector<Name> names_;
  std::vector<Place> places_;  // by host
  std::unordered_map<std::string, std::uint32_t> host_ids_;
  std::vector<TargetState> states_;
  std::size_t decided_ = 0;
  std::vector<ScanResult> results_;
};

}  // namespace

std::vector<ScanResult> sweep(std::span<const Target> targets, const ScanOptions& options, Job& job,
                              const std::function<void(const ScanResult&)>& on_result, ResolverOptions names) {
  return Sweep(targets, options, job, on_result, std::move(names)).run();
}

std::vector<ScanResult> scan(std::span<const Target> targets, const ScanOptions& options, Job& job,
                             const std::function<void(const ScanResult&)>& on_result) {
  return sweep(targets, options, job, on_result, {});
}

}  // namespace conclave::scan
