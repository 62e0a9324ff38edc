// One expert or hook in one worker process, from its place in the queue to its end: what is said to it and heard from it, and the
// ladder that ends it.
//
//   its time is up     the worker interrupts its own main thread (conclave/_runner.py), which mostly gives a traceback
//   + 0.3 s            its Python stacks are written down, also while C code holds the GIL
//   + 0.4 s            SIGKILL for it and everything it started
//
// The same ladder follows a stop: asked at once, interrupted after 0.3 s, killed after 0.8 s. Nothing the worker says after its
// code began is trusted: it can spoil its own response and no other.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "engine/case/expert.h"
#include "scripting/environments.h"
#include "scripting/plugin_catalog.h"
#include "scripting/running.h"
#include "scripting/worker/connections.h"
#include "scripting/worker/message.h"
#include "scripting/worker/output.h"
#include "scripting/worker/zygote.h"

namespace conclave::scripting {

struct IsolatedTask {
  PluginInfo plugin;
  EnvironmentPtr environment;  // null if it needs none
  nlohmann::json info;         // for conclave/_runner.py, paths as bytes_as_text()
  double weight = 1;
  EvidencePtr evidence;  // null for on_config_loaded, which comes before there is any
  Descriptor socket;     // of a probe: the connection it talks on
  JobPtr job;
  // Called from the pool's thread; they must not block long. `output`: descriptor 1 or 2 and whole lines. `log`: a level of
  // Python's logging. `done`: once, after everything else.
  std::function<void(int descriptor, std::string_view text)> output;
  std::function<void(int level, std::string_view text)> log;
  std::function<void(consensus::ExpertResponse)> done;
  // Hooks only, and not if one failed: what it returned, as conclave/_hooks.py says it. Before `done`.
  std::function<void(nlohmann::json)> returned;
};

// Owner and thread: WorkerPool.
class Worker {
 public:
  using Clock = std::chrono::steady_clock;

  // `wake` is called from any thread when the job is stopped.
  Worker(std::uint64_t id, IsolatedTask task, std::function<void()> wake);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] bool stopped() const { return task_.job->stopped(); }
  [[nodiscard]] bool answered() const { return answered_; }
  [[nodiscard]] bool is_probe() const { return task_.plugin.kind == "probe"; }
  [[nodiscard]] bool has_environment() const { return task_.environment != nullptr; }
  [[nodiscard]] bool gone() const { return answered_ && !has_process_; }  // nothing of it is left

  void start(Zygote& zygote);
  void forked(Zygote::Event event);
  void exited(int status);
  void lost() {  // its process ended, or there was never one
    has_process_ = false;
    process_.reset();
  }
  [[nodiscard]] RunningScript seen() const;
  void ask_to_stop() { task_.job->request_stop(); }
  // Has its Python stacks written down; what comes is read from the descriptor, for which this waits for nothing.
  [[nodiscard]] Result<Descriptor> dump();
  // Answers for a worker that cannot run or is lost with its zygote.
  void give_up(consensus::Status status, const std::string& type, std::string message);

  // Descriptors to poll; then what happened with them, and what is due.
  struct Interest {
    int file;
    short events;
  };
  [[nodiscard]] std::vector<Interest> interests() const;
  void ready(int file);
  void look(Clock::time_point now);
  [[nodiscard]] Clock::time_point next_look() const;

 private:
  void send(const nlohmann::json& message);
  void write();
  bool read();  // whether it is worth reading on
  void handle(const nlohmann::json& message);
  void take_answer(const nlohmann::json& message);
  void check_memory();
  void kill();
  [[nodiscard]] std::string last_words() const;
  void finish(consensus::ExpertResponse response);
  [[nodiscard]] consensus::ExpertResponse without_answer(consensus::Status status, const std::string& type,
                                                         std::string message) const;

  const std::uint64_t id_;
  IsolatedTask task_;
  OutputBudget budget_;
  OutputPipe out_;
  OutputPipe err_;
  Descriptor channel_;
  Descriptor words_;  // memory that the worker's faulthandler writes to
  Descriptor process_;
  pid_t pid_ = 0;
  std::optional<Connections> connections_;  // of those that may use the network
  MessageReader reader_;
  std::string unsent_;
  std::vector<int> unsent_files_;
  bool answered_ = false;
  bool killed_ = false;
  bool stop_sent_ = false;
  bool has_process_ = false;
  bool began_ = false;
  Clock::time_point begun_;
  Clock::time_point dump_at_ = Clock::time_point::max();
  Clock::time_point kill_at_ = Clock::time_point::max();
  Clock::time_point memory_at_ = Clock::time_point::max();
  Progress told_;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
};

}  // namespace conclave::scripting
