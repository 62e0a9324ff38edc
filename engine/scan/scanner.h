// Is a service there? Non-blocking connects by a few epoll loops; never a thread per target.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/base/time.h"

namespace conclave::scan {

class Address;
struct Facts;  // probe/facts.h
struct History;
struct Needs;  // probe/needs.h

enum class State : std::uint8_t {
  open,         // connected, and not to itself
  closed,       // RST: the host is there, nobody listens
  rejected,     // an administrator's refusal (ICMP prohibited, EACCES)
  filtered,     // no answer within the time-out
  unreachable,  // no route, host or network unreachable
  dns_error,    // the name has no address
  local_error,  // this machine ran short (descriptors, ports, memory) or may not connect; says nothing about the service
  cancelled,
  suspect,  // only in progress: late, still being probed
};
[[nodiscard]] std::string_view state_name(State state);
[[nodiscard]] std::optional<State> state_from_name(std::string_view name);

struct Target {
  std::string name;  // as the user calls it; "host:port" if he does not
  std::string host;  // name, IPv4 or IPv6 address without brackets
  std::uint16_t port = 0;
  std::optional<State> expect;  // what the case says it should be; open if nothing is said
  std::string probe = {};       // what talks with it if it is open: of probe/protocols.h, or the name of a plugin; empty: none
  std::shared_ptr<const Needs> needs = {};  // what it should say besides; null: nothing
  std::optional<double> p95_ms = {};        // what the 95th percentile of its latencies may be; together with `expect`
};

// What one of several addresses of a name has to say.
struct AddressResult {
  std::string address;  // numeric
  State state = State::cancelled;
  std::optional<double> latency_ms = {};
  std::string detail = {};
};

struct ScanResult {
  Target target;
  State state = State::cancelled;
  std::optional<double> latency_ms;  // until connected or refused
  std::string address;               // the numeric address that was tried, empty for dns_error
  std::string detail;                // cause: errno text, resolver's answer, which limit
  TimeUs time = 0;                   // when it was decided
  // All addresses of the name in the resolver's order, if there are several. The fields above are those of the most telling one:
  // open before closed before rejected, filtered, unreachable and local_error; of equal ones the first.
  std::vector<AddressResult> addresses = {};
  std::shared_ptr<const Facts> facts = {};      // what speaks there; null: not asked
  std::shared_ptr<const History> history = {};  // this scan and those before, where somebody remembers them; never set by scan()
};

struct ScanOptions {
  int timeout_ms = 1000;          // per address; what is silent for so long is filtered
  int resolve_timeout_ms = 6000;  // per name; the C library repeats a lost question after 5 s
  std::size_t max_in_flight = 0;  // addresses being tried at once; 0: as many as descriptors and memory allow
  // Why this address (its port is 0) may not be tried, which makes it a local_error; empty text: it may. From the thread that
  // called scan(), once per address. Nothing is sent to an address that is forbidden; a name is looked up all the same.
  std::function<std::string(const Address& address)> forbids = {};
  std::size_t max_per_host = 100;          // at once, for addresses that are neither loopback nor private
  double per_second = 0;                   // connections started; 0: as fast as it goes
  std::optional<std::uint64_t> seed = {};  // of the order in which hosts are tried; none: another order each time
  bool tell_suspects = false;              // on_result gets those whose answer is late as `suspect`, once, before the real result
};

// "host:22,80,8000-8100", "[::1]:443", "host:https", "10.0.0.0/24:22", "[2001:db8::/120]:22" (networks of at most 65,536
// addresses), apart by white space or commas; every problem of the text in one error. A port that comes twice for a host is
// scanned once. At most 1,000,000 targets. More ways to say it: targets.h.
[[nodiscard]] Result<std::vector<Target>> parse_targets(std::string_view text);

// One result per target, in the order of the targets. A stop returns what is known, the rest as `cancelled`.
// `on_result` is called from the thread that called scan() as results are decided, except for those that a stop cancels.
[[nodiscard]] std::vector<ScanResult> scan(std::span<const Target> targets, const ScanOptions& options, Job& job,
                                           const std::function<void(const ScanResult&)>& on_result = {});

// Listening TCP sockets of this machine, from /proc/net/tcp and tcp6, each reachable through loopback or its own address; sorted,
// each port and address once.
[[nodiscard]] Result<std::vector<Target>> listening_sockets();

}  // namespace conclave::scan
