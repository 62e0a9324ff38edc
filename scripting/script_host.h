// The embedded Python, as the rest of the program sees it: no Python type appears here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/case/case.h"
#include "engine/case/consult.h"
#include "engine/case/expert.h"
#include "engine/security/key_ring.h"
#include "scripting/environments.h"
#include "scripting/line_input.h"
#include "scripting/plugin_catalog.h"
#include "scripting/running.h"

namespace conclave::scripting {

struct HostPaths {
  std::filesystem::path python_package;  // folder that holds the package `conclave`
  std::filesystem::path plugins;         // shipped plugins
  // From the place of the running executable: ../python, ../share/conclave/plugins.
  [[nodiscard]] static HostPaths of_this_program();
  // Virtual environments for the plugins of this program: no host needs to be started for them.
  [[nodiscard]] Environments environments() const;
};

enum class Stream { out, err };
// Text a script printed, valid UTF-8; `origin` is "console", "script", "expert error_bursts", "hook NAME", "rule NAME",
// "embedding NAME", "conclave" for the host's own words, or empty. Called from the script thread, from threads that scripts
// started and from that of the workers, at the same time and without the GIL; must not block long.
using OutputSink = std::function<void(Stream, std::string_view text, std::string_view origin)>;

struct ConsoleReply {
  enum class State { complete, incomplete, failed, interrupted, exit_requested } state = State::complete;
  int exit_code = 0;
};

// The code behind an expert of a circle.
struct ChosenExpert {
  PluginInfo plugin;
  nlohmann::json settings;  // complete
};

// What scripts want of the program around them. Called on the script thread without the GIL; must not block.
struct Frontend {
  // input() or getpass() in the console waits for ScriptHost::answer(); `nothing`: it does not any more, since it was
  // interrupted.
  std::function<void(Asks what)> asks_line;
  // A member of `app` was called (conclave/_app.py): "open" with a path, "consult" with null, "show" with a page, "go_to" with
  // [source, line], "message" with a text. `argument` comes from a script: anything of JSON, or discarded.
  std::function<void(std::string_view what, nlohmann::json argument)> requests;
};

// What is open, under the names case, report and evidence of the console; null is None.
struct Shown {
  std::shared_ptr<const Case> subject;
  std::shared_ptr<const Report> report;
  EvidencePtr evidence;
};

// The experts a case asks for, ready for ask(), and those that may not run.
struct Circle {
  std::vector<ExpertPtr> experts;
  std::vector<consensus::ExpertResponse> refused;
  std::vector<std::string> secrets = {};  // names of the secrets that these experts may ask for, sorted
  std::vector<config::Problem> problems =
      {};  // what of their limits cannot be enforced here, and what did not run because it is disabled
  std::vector<ChosenExpert> chosen = {};            // one for each of `experts`
  std::optional<PluginInfo> embedding_plugin = {};  // what the case compares texts by, if it does so
  std::optional<Embedding> embedding = {};          // the same, ready to be called as hooks are
  std::vector<PluginInfo> probe_plugins = {};       // that services of the case name, each once
  Probes probes = {};                               // the same, ready to be asked
};

struct CircleRequest {
  std::vector<std::string> only;                    // --expert: names or .py files; empty: what the case says, or the default
  std::vector<std::filesystem::path> plugin_dirs;   // --plugins: naming is consent to run them in workers
  std::vector<std::string> allowed_endpoints = {};  // --allow-endpoint: the user agreed that evidence may be sent there
  std::vector<std::string> trusted = {};            // --trust: names of plugins that may run, and in this process
  // Asked on the script thread, or on threads of experts, when an expert wants a secret that is not in the environment.
  std::shared_ptr<const security::KeyRing> keys = std::make_shared<security::KeyRing>();
};

// What became of the on_startup of a hook plugin.
struct StartedHook {
  std::string plugin;
  double seconds = 0;
  std::string failure;                     // empty: none
  std::vector<std::string> messages = {};  // of one in a worker, through app.message()
};

// Owner: main(); one per process, and never destroyed while scripts may run: leave with exit(). Threads: every member may be
// called from any thread except the script thread; none takes the GIL on the calling thread, callbacks run on the script thread.
class ScriptHost {
 public:
  // Starts the interpreter on a thread of its own; a failure (no Python, package not importable) is an error, not a crash.
  [[nodiscard]] static Result<std::unique_ptr<ScriptHost>> start(const HostPaths& paths, OutputSink sink);
  virtual ~ScriptHost() = default;

  [[nodiscard]] virtual PluginCatalog catalog(const std::vector<std::filesystem::path>& plugin_dirs) const = 0;
  // Unknown names are an error of kind not_found with a near miss; code that may not run is in `refused`.
  [[nodiscard]] virtual Result<Circle> circle(const Case& subject, const CircleRequest& request) = 0;
  // Functions of hook and rule plugins (shipped, installed, named, and of the case what was agreed to), run as experts are: on
  // the script thread, or in workers what is not trusted. They block the calling thread meanwhile.
  [[nodiscard]] virtual Hooks hooks(const Case& subject, const CircleRequest& request) = 0;

  // Of the plugin, which may run, for a scan without a case.
  [[nodiscard]] virtual Probe probe(const PluginInfo& plugin) = 0;

  // on_startup(app) of these, one after the other. Blocks the calling thread meanwhile.
  [[nodiscard]] virtual std::vector<StartedHook> start_up(const std::vector<PluginInfo>& plugins, Job& job) = 0;

  // Before the first command. Without it input() is at its end, and `app` says that there is no window.
  virtual void attach(Frontend frontend) = 0;
  // What input() or getpass() waits for, without a line end; nothing is the end of input (EOFError). Dropped if nobody waits.
  virtual void answer(std::optional<std::string> line) = 0;

  // Console. `source` is what was typed so far; `incomplete` asks for more. Names case, evidence, report are set by publish().
  virtual void execute(std::string source, std::function<void(ConsoleReply)> done) = 0;
  // `text` is the line up to the cursor. Names for the dotted name at its end, each in full ("report.verdict"); runs no code.
  virtual void complete(std::string text, std::function<void(std::vector<std::string>)> done) = 0;
  // Signature and first line of the docstring of the call that is open at the end of `text`; empty: none. Runs no code.
  virtual void call_tip(std::string text, std::function<void(std::string)> done) = 0;
  virtual void publish(Shown shown) = 0;
  // Stops what the script thread runs now: KeyboardInterrupt in the console, Cancelled in an expert.
  virtual void interrupt() = 0;
  // What the script thread has been doing for how long; empty when idle.
  [[nodiscard]] virtual std::string busy_with() const = 0;

  // Stop and look. These three may wait up to a second for a worker or a signal handler: in a window they belong into jobs.
  [[nodiscard]] virtual std::vector<RunningScript> running() const = 0;
  // False: it has ended, or cannot be stopped so: only workers can be killed.
  virtual bool stop(std::uint64_t id, StopHow how) = 0;
  // The Python stack of what runs, as a traceback, also while C code holds the GIL.
  [[nodiscard]] virtual Result<std::string> stack(std::uint64_t id) = 0;

  // Until end of input or exit(); the exit code. `opened` is a case file or a report as JSON, or empty.
  virtual int run_terminal_console(const std::filesystem::path& opened) = 0;
  // The exit code. With a `debug_port` (0: any free one) the script waits for a debugger to attach there (debugpy, loopback
  // only).
  virtual int run_script(const std::filesystem::path& script, std::vector<std::string> arguments,
                         std::optional<std::uint16_t> debug_port) = 0;

  // Lets a debugger attach from now on (debugpy, loopback only; 0: any free port); it cannot be taken back. The address, also of
  // an earlier call; kind unsupported says why there is none.
  virtual void listen_for_debugger(std::uint16_t port, std::function<void(Result<std::string>)> done) = 0;

  // Refuses new jobs, cancels, runs atexit, flushes everything and leaves the process: the interpreter is never finalised.
  [[noreturn]] virtual void exit(int code) = 0;
};

}  // namespace conclave::scripting
