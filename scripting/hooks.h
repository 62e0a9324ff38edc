// Functions of hook, rule and embedding plugins at the fixed points of a consultation.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/case/consult.h"
#include "scripting/environments.h"
#include "scripting/plugin_catalog.h"
#include "scripting/script_host.h"

namespace conclave::scripting {

class ScriptThread;
class WorkerPool;

// Where they run: those of shipped and trusted plugins on the script thread, others in workers.
struct HookRunners {
  std::shared_ptr<ScriptThread> thread;
  std::shared_ptr<WorkerPool> workers;
  Environments environments;  // made here for those that need one
  // What they print in workers: descriptor 1 or 2, whole lines of "hook NAME", "rule NAME", .... From the thread of the workers;
  // must not block long.
  std::function<void(const std::string& who, int descriptor, std::string_view text)> output;
  // Names of those whose environment could not be made; of one consultation, and one thread at a time.
  std::shared_ptr<std::set<std::string>> unusable = {};
};

// The hooks run in order of plugin names; each sees what the one before made of it. They wait without the GIL: for the script
// thread at most the plugin's time and the same again for the hook, for an environment until it is made, for a worker until it
// ends or was killed; never call them on the script thread. A hook that fails changes nothing and is recorded as "failed: ...".
[[nodiscard]] Hooks make_hooks(HookRunners runners, const std::vector<PluginInfo>& plugins);

// `hooks` with a check_config that asks these, in order of names; they wait as hooks do. One that fails costs a problem.
void add_rules(Hooks& hooks, const HookRunners& runners, const std::vector<PluginInfo>& rules);

// It waits as hooks do. Nothing but finite numbers comes back from what keeps to conclave/_hooks.py; a worker need not.
[[nodiscard]] Embedding make_embedding(const HookRunners& runners, const PluginInfo& plugin);

// Whose runs go on at the same time: each in a worker, or in this process each on a thread of Python.
[[nodiscard]] Probe make_probe(const HookRunners& runners, const PluginInfo& plugin);

// `on_startup(app)` of those that have it, as above: in the window, once Python is there. In a worker `app` knows nothing but
// message(). Stops early when `job` is stopped.
[[nodiscard]] std::vector<StartedHook> run_startup_hooks(const HookRunners& runners, const std::vector<PluginInfo>& plugins,
                                                         Job& job);

// Paths that differ, as a reader of the receipt wants them: "changed services.api.replicas, added global_settings.region".
[[nodiscard]] std::string describe_change(const nlohmann::json& before, const nlohmann::json& after);

}  // namespace conclave::scripting
