// Is a service there? Non-blocking connects by one epoll loop; never a thread per target.
#pragma once

#include <cstdint>
#include <functional>
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
  std::string probe = {};       // name of the plugin that talks with it if it is open; empty: none
};

struct ScanResult {
  Target target;
  State state = State::cancelled;
  std::optional<double> latency_ms;  // until connected or refused
  std::string address;               // the numeric address that was tried, empty for dns_error
  std::string detail;                // cause: errno text, resolver's answer, which limit
  TimeUs time = 0;                   // when it was decided
};

struct ScanOptions {
  int timeout_ms = 1000;            // per address that is tried
  int resolve_timeout_ms = 6000;    // per name; the C library repeats a lost question after 5 s
  std::size_t max_in_flight = 512;  // shrinks by itself when descriptors run short
  // Why this address may not be tried, which makes it a local_error; empty text: it may. From the scanning thread, once per
  // attempt. Nothing is sent to an address that is forbidden; a name is looked up all the same.
  std::function<std::string(const Address& address)> forbids;
};

// "host:22,80,8000-8100", "[::1]:443", "host:https", apart by white space or commas; every problem of the text in one error.
// A port that comes twice for a host is scanned once. At most 1,000,000 targets.
[[nodiscard]] Result<std::vector<Target>> parse_targets(std::string_view text);

// One result per target, in the order of the targets. A stop returns what is known, the rest as `cancelled`.
// `on_result` is called from the scanning thread as results are decided, except for those that a stop cancels.
// Of a name with several addresses each is tried until one is open; else the most telling result counts.
[[nodiscard]] std::vector<ScanResult> scan(std::span<const Target> targets, const ScanOptions& options, Job& job,
                                           const std::function<void(const ScanResult&)>& on_result = {});

// Listening TCP sockets of this machine, from /proc/net/tcp and tcp6, each reachable through loopback or its own address; sorted,
// each port and address once.
[[nodiscard]] Result<std::vector<Target>> listening_sockets();

}  // namespace conclave::scan
