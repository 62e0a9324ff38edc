// Where a worker may connect to. Its connect() calls wait in the kernel (seccomp user notification) until this decides: it reads
// the address from the worker's memory, compares it with what the manifest's host names mean, and connects the worker's own
// socket itself, so that the worker cannot change the address in between (seccomp_unotify(2)). Names are looked up here, too: a
// worker has no resolver, which could carry anything to anywhere.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/scan/resolver.h"
#include "scripting/worker/descriptor.h"

namespace conclave::scripting {

// Owner: a Worker, on its pool's thread.
class Connections {
 public:
  using Clock = std::chrono::steady_clock;
  // "host:port" each, as in a manifest; kind invalid_argument for anything else, wildcards among them.
  [[nodiscard]] static Result<Connections> allow(const std::vector<std::string>& network);

  void listen(Descriptor listener) { listener_ = std::move(listener); }
  // `answer` gets {"addresses": [...]} or {"error": "..."}, now or from ready() or look().
  void resolve(const std::string& host, std::function<void(nlohmann::json)> answer);

  [[nodiscard]] std::vector<std::pair<int, short>> interests() const;  // for poll
  void ready(int file);
  void look(Clock::time_point now);
  [[nodiscard]] bool waits() const { return !questions_.empty(); }

 private:
  struct Host {
    std::vector<std::uint16_t> ports;
    std::optional<scan::Lookup> lookup;
  };
  struct Pending {  // a blocking connect on its way
    std::uint64_t id;
    Descriptor socket;
  };
  struct Question {
    std::string host;
    std::function<void(nlohmann::json)> answer;
  };
  Connections() = default;
  void decide();
  void finish(Pending pending);
  void respond(std::uint64_t id, int error);
  // 0, an errno, or nothing if it is under way.
  [[nodiscard]] std::optional<int> connect(std::uint64_t id, int thread, int file, std::uint64_t address, std::size_t size);
  [[nodiscard]] bool allowed(const scan::Address& address, std::uint16_t port) const;

  std::map<std::string, Host> hosts_;
  std::unique_ptr<scan::Resolver> resolver_;
  std::map<std::size_t, Question> questions_;
  std::size_t last_question_ = 0;
  Descriptor listener_;
  std::vector<Pending> pending_;
};

}  // namespace conclave::scripting
