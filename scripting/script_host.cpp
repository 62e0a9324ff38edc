#include "scripting/script_host.h"

#include <pthread.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <future>
#include <iostream>
#include <utility>

#include "scripting/circle.h"
#include "scripting/hooks.h"
#include "scripting/python_expert.h"
#include "scripting/script_thread.h"
#include "scripting/stack_text.h"
#include "scripting/worker/isolated_expert.h"

namespace conclave::scripting {
namespace {

namespace py = pybind11;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t of_workers = 1ULL << 63U;  // in ids of running scripts

// Ctrl-C while the terminal belongs to a script. A handler gets no arguments: this is whom it interrupts. Set before the handler
// is installed and never freed.
std::atomic<Watch*> terminal_watch{nullptr};
std::atomic<Ticket> terminal_ticket{0};

extern "C" void conclave_on_terminal_interrupt(int /*signal*/) {
  const Ticket ticket = terminal_ticket;
  if (Watch* watch = terminal_watch; watch != nullptr && ticket != 0) watch->interrupt(ticket);
}

// While it lives, SIGINT is a KeyboardInterrupt of the terminal's command.
class TerminalInterrupts {
 public:
  TerminalInterrupts(Watch& watch, Ticket ticket) {
    terminal_watch = &watch;
    terminal_ticket = ticket;
    struct sigaction action {};
    action.sa_handler = conclave_on_terminal_interrupt;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, &before_);
  }
  TerminalInterrupts(const TerminalInterrupts&) = delete;
  TerminalInterrupts& operator=(const TerminalInterrupts&) = delete;
  ~TerminalInterrupts() {
    sigaction(SIGINT, &before_, nullptr);
    terminal_ticket = 0;
  }

 private:
  struct sigaction before_ {};
};

class Host : public ScriptHost {
 public:
  Host(HostPaths paths, std::shared_ptr<ScriptThread> thread, OutputSink sink)
      : paths_(std::move(paths)),
        thread_(std::move(thread)),
        sink_(std::move(sink)),
        workers_(std::make_shared<WorkerPool>(WorkerPython{CONCLAVE_PYTHON, paths_.python_package})) {}

  [[nodiscard]] PluginCatalog catalog(const std::vector<fs::path>& plugin_dirs) const override {
    return read_users_catalog(paths_.plugins, plugin_dirs);
  }

  [[nodiscard]] Result<Circle> circle(const Case& subject, const CircleRequest& request) override {
    auto chosen = choose_circle(
        subject, request, paths_.plugins,
        [&](const PluginInfo& plugin, nlohmann::json settings, double weight,
            const std::vector<std::string>& endpoints) -> ExpertPtr {
          if (runs_isolated(plugin)) {
            workers_->warm_up();  // while evidence is gathered
            auto secrets = secrets_of(plugin, settings);
            return std::make_shared<IsolatedExpert>(workers_, paths_.environments(), plugin, std::move(settings), weight,
                                                    endpoints, ExpertSecrets{std::move(secrets), request.keys},
                                                    output_of_workers("expert "));
          }
          return std::make_shared<PythonExpert>(thread_, plugin, std::move(settings), weight, endpoints, request.keys);
        });
    if (chosen && chosen->embedding_plugin) {
      if (runs_isolated(*chosen->embedding_plugin)) workers_->warm_up();
      chosen->embedding = make_embedding(runners(), *chosen->embedding_plugin);
    }
    if (chosen) {
      for (const PluginInfo& plugin : chosen->probe_plugins) chosen->probes.emplace(plugin.name, probe(plugin));
    }
    return chosen;
  }

  [[nodiscard]] Hooks hooks(const Case& subject, const CircleRequest& request) override {
    std::vector<PluginInfo> plugins = called_by_consult(subject, request, paths_.plugins);
    if (std::any_of(plugins.begin(), plugins.end(), runs_isolated)) workers_->warm_up();
    const auto rules =
        std::stable_partition(plugins.begin(), plugins.end(), [](const auto& plugin) { return plugin.kind == "hook"; });
    Hooks hooks = make_hooks(runners(), {plugins.begin(), rules});
    add_rules(hooks, runners(), {rules, plugins.end()});
    return hooks;
  }

  [[nodiscard]] Probe probe(const PluginInfo& plugin) override {
    if (runs_isolated(plugin)) workers_->warm_up();
    return make_probe(runners(), plugin);
  }

  [[nodiscard]] std::vector<StartedHook> start_up(const std::vector<PluginInfo>& plugins, Job& job) override {
    if (std::any_of(plugins.begin(), plugins.end(), runs_isolated)) workers_->warm_up();
    return run_startup_hooks(runners(), plugins, job);
  }

  void execute(std::string source, std::function<void(ConsoleReply)> done) override { thread_->execute(std::move(source), done); }

  void complete(std::string text, std::function<void(std::vector<std::string>)> done) override {
    const bool posted = thread_->post("", [text = std::move(text), done](ScriptThread& self) {
      std::vector<std::string> names;
      try {
        names = py::cast<std::vector<std::string>>(self.python().attr("complete")(text));
      } catch (const std::exception&) {
        names.clear();  // text that is not UTF-8
      }
      const py::gil_scoped_release release;
      done(std::move(names));
    });
    if (!posted) done({});
  }

  void attach(Frontend frontend) override { thread_->attach(std::move(frontend)); }

  void answer(std::optional<std::string> line) override { thread_->input().answer(std::move(line)); }

  void call_tip(std::string text, std::function<void(std::string)> done) override {
    const bool posted = thread_->post("", [text = std::move(text), done](ScriptThread& self) {
      std::string tip;
      try {
        tip = py::cast<std::string>(self.python().attr("call_tip")(text));
      } catch (const std::exception&) {
        tip.clear();  // text that is not UTF-8
      }
      const py::gil_scoped_release release;
      done(std::move(tip));
    });
    if (!posted) done({});
  }

  void publish(Shown shown) override {
    (void)thread_->post("", [shown = std::move(shown)](ScriptThread& self) {
      py::module_::import("conclave._core");  // registers the types
      const auto of = [](const auto& value) { return value ? py::cast(*value) : py::none(); };
      const py::object evidence = shown.evidence ? py::cast(std::const_pointer_cast<Evidence>(shown.evidence)) : py::none();
      self.python().attr("publish")(of(shown.subject), of(shown.report), evidence);
    });
  }

  [[nodiscard]] std::vector<RunningScript> running() const override {
    auto list = thread_->running();
    for (RunningScript script : workers_->running()) {
      script.id |= of_workers;
      list.push_back(std::move(script));
    }
    return list;
  }

  bool stop(std::uint64_t id, StopHow how) override {
    if ((id & of_workers) != 0) return workers_->stop(id & ~of_workers, how);
    if (thread_->watch().stop(id, how)) return true;
    const auto list = thread_->running();
    const bool console = std::any_of(list.begin(), list.end(),
                                     [&](const RunningScript& script) { return script.id == id && script.who == "console"; });
    return console && how != StopHow::kill && thread_->interrupt_console();
  }

  [[nodiscard]] Result<std::string> stack(std::uint64_t id) override {
    if ((id & of_workers) == 0) return thread_->stack(id);
    auto dump = workers_->stack(id & ~of_workers);
    if (!dump) return dump;
    return readable_stack(*dump);
  }

  void interrupt() override {
    if (!thread_->watch().running_on_thread() && thread_->interrupt_console()) return;
    thread_->watch().stop_running();
  }

  [[nodiscard]] std::string busy_with() const override { return thread_->busy_with(); }

  int run_terminal_console(const fs::path& opened) override {
    return in_terminal("console", [&opened](ScriptThread& self, Ticket ticket) {
      return py::cast<int>(self.python().attr("terminal_console")(ticket, py::bytes(opened.string())));
    });
  }

  int run_script(const fs::path& script, std::vector<std::string> arguments, std::optional<std::uint16_t> debug_port) override {
    return in_terminal("script " + script.string(),
                       [script, arguments = std::move(arguments), debug_port](ScriptThread& self, Ticket ticket) {
                         return py::cast<int>(self.python().attr("run_script")(ticket, script.string(), arguments, debug_port));
                       });
  }

  void listen_for_debugger(std::uint16_t port, std::function<void(Result<std::string>)> done) override {
    const bool posted = thread_->post("starting debugpy", [port, done](ScriptThread& self) {
      Result<std::string> address = fail(ErrorKind::script, "");
      try {
        const auto [listens, text] = py::cast<std::pair<bool, std::string>>(self.python().attr("listen_for_debugger")(port));
        if (listens) address = text;
        if (!listens) address = fail(ErrorKind::unsupported, text);
      } catch (const std::exception& error) {
        address = fail(ErrorKind::script, error.what());
      }
      const py::gil_scoped_release release;
      done(std::move(address));
    });
    if (!posted) done(fail(ErrorKind::circle, "the program is ending"));
  }

  [[noreturn]] void exit(int code) override {
    thread_->close();
    thread_->watch().stop_all();
    (void)thread_->interrupt_console();
    if (thread_->wait_idle(Clock::now() + 1s)) {
      // Runs atexit functions of scripts; one that hangs does not keep the program.
      std::promise<void> ended;
      auto waiting = ended.get_future();
      thread_->post_last([&ended](ScriptThread& self) {
        try {
          self.python().attr("shut_down")();
        } catch (const std::exception& error) {
          std::fprintf(stderr, "conclave: at exit: %s\n", error.what());
        }
        ended.set_value();
      });
      waiting.wait_for(2s);
    }
    std::cout.flush();
    std::cerr.flush();
    std::fflush(nullptr);
    ::_exit(code);
  }

 private:
  int in_terminal(std::string what, std::function<int(ScriptThread&, Ticket)> work) {
    std::promise<int> ended;
    auto waiting = ended.get_future();
    thread_->run_in_terminal(
        std::move(what),
        [&work](ScriptThread& self, Ticket ticket) {
          const TerminalInterrupts interrupts(self.watch(), ticket);
          return work(self, ticket);
        },
        [&ended](int code) { ended.set_value(code); });
    return waiting.get();
  }

  [[nodiscard]] HookRunners runners() const { return {thread_, workers_, paths_.environments(), output_of_workers("")}; }

  [[nodiscard]] IsolatedExpert::Output output_of_workers(const std::string& kind) const {
    return [sink = sink_, kind](const std::string& name, int descriptor, std::string_view text) {
      sink(descriptor == 2 ? Stream::err : Stream::out, text, kind + name);
    };
  }

  const HostPaths paths_;
  const std::shared_ptr<ScriptThread> thread_;
  const OutputSink sink_;
  const std::shared_ptr<WorkerPool> workers_;
};

}  // namespace

HostPaths HostPaths::of_this_program() {
  std::error_code error;
  const fs::path prefix = fs::read_symlink("/proc/self/exe", error).parent_path().parent_path();
  return {prefix / "python", prefix / "share/conclave/plugins"};
}

Environments HostPaths::environments() const { return {CONCLAVE_PYTHON, python_package}; }

Result<std::unique_ptr<ScriptHost>> ScriptHost::start(const HostPaths& paths, OutputSink sink) {
  auto thread = ScriptThread::start(paths.python_package, sink);
  if (!thread) return tl::unexpected(std::move(thread.error()));
  return std::make_unique<Host>(paths, std::move(*thread), std::move(sink));
}

}  // namespace conclave::scripting
