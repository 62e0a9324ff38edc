// Many targets whose states are known, and processes in which to scan them under limits.
#pragma once

#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "engine/scan/scanner.h"
#include "tests/engine/scan/loopback.h"

namespace conclave::scan {

// Patient enough for a busy machine; nothing on loopback should ever need it.
inline const ScanOptions patient{.timeout_ms = 30'000, .resolve_timeout_ms = 30'000};

inline Target target(std::uint16_t port, const std::string& host = "127.0.0.1") {
  return {host + ":" + std::to_string(port), host, port, {}};
}

inline std::map<State, int> count(const std::vector<ScanResult>& results) {
  std::map<State, int> out;
  for (const ScanResult& result : results) ++out[result.state];
  return out;
}

// 200 listeners among 2,000 closed ports, in an order that mixes them.
struct Crowd {
  std::vector<LoopbackSocket> sockets;
  std::vector<Target> targets;
  std::vector<State> expected;

  Crowd() {
    for (int i = 0; i < 200; ++i) sockets.emplace_back();
    for (const LoopbackSocket& socket : sockets) {
      targets.push_back(target(socket.port()));
      expected.push_back(State::open);
      for (int i = 0; i < 10; ++i) {
        // Nobody listens on these addresses of loopback, and none is the one that sockets get by themselves.
        targets.push_back(target(socket.port(), "127.0.1." + std::to_string(i + 1)));
        expected.push_back(State::closed);
      }
    }
  }

  [[nodiscard]] std::size_t wrong(const std::vector<ScanResult>& results) const {
    std::size_t out = results.size() == targets.size() ? 0 : 1;
    for (std::size_t i = 0; i < std::min(results.size(), targets.size()); ++i)
      if (results[i].state != expected[i] || results[i].target.name != targets[i].name) ++out;
    return out;
  }
};

// Runs `body` in a child process, so that its limits do not hurt the other tests; its return value is the exit code.
template <class Body>
int in_child(const Body& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

inline void limit_descriptors(rlim_t count) {
  const rlimit limit{count, count};
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace conclave::scan
