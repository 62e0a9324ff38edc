// Host names to addresses, without ever making the sweep wait for a slow resolver.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/scan/dns_client.h"
#include "engine/scan/lookup.h"
#include "engine/scan/lookup_threads.h"
#include "engine/scan/name_sources.h"

namespace conclave::scan {

struct ResolverOptions {
  std::chrono::milliseconds timeout{6000};  // per name and source
  std::optional<NameSources> sources = {};  // none: those of /etc/nsswitch.conf
  std::string hosts_file = "/etc/hosts";
  std::string servers = {};         // as DnsClient has them; empty: those of /etc/resolv.conf
  LookupFunction system = look_up;  // asks the sources that only the C library knows
  std::size_t max_threads = 64;     // inside `system`
  std::size_t most_asked = 128;     // names that name servers are asked for at once
};

// Names of the hosts file at once, the others from name servers on the calling thread, and from the C library on threads what
// nsswitch.conf has other sources for. Nothing is read or asked before the first name. One user thread.
class Resolver {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Resolver(ResolverOptions options);
  ~Resolver();  // does not wait
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Begins with the next collect().
  void ask(std::size_t id, std::string name);
  using Answer = LookupThreads::Answer;
  // The answers since the last call, time-outs among them; never blocks. After as many names in a row without an answer as are
  // asked for at once the rest is given up, so that a dead name server costs a bounded time whatever the number of names.
  [[nodiscard]] std::vector<Answer> collect(Clock::time_point now);
  [[nodiscard]] bool idle() const { return outstanding_ == 0; }
  // Becomes readable when collect() has something new; time-outs come without it. -1 if there was no descriptor for it.
  [[nodiscard]] int wake_fd() const { return epoll_; }

 private:
  struct Question {
    std::string name;
    Clock::time_point begin;
  };
  void sort(std::size_t id, std::string name);
  [[nodiscard]] LookupThreads& threads();
  [[nodiscard]] DnsClient& dns();
  void take_from_dns(Clock::time_point now);
  void give_up_the_rest();

  const ResolverOptions options_;
  int epoll_ = -1;
  std::optional<NameSources> sources_;  // none: not read yet
  std::optional<HostsFile> hosts_;
  std::optional<DnsClient> dns_;
  std::optional<LookupThreads> threads_;
  std::vector<std::pair<std::size_t, std::string>> new_;
  std::deque<std::pair<std::size_t, std::string>> waiting_;  // for room among those that are asked for
  std::map<std::size_t, Question> asked_;                    // of name servers
  std::vector<Answer> answers_;
  std::size_t outstanding_ = 0;
  std::size_t silent_in_a_row_ = 0;
};

}  // namespace conclave::scan
