// A hook or a rule that is not trusted, or asks for it: run in a worker process.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/job.h"
#include "engine/case/probes.h"
#include "scripting/environments.h"
#include "scripting/worker/worker_pool.h"

namespace conclave::scripting {

// A task without callbacks and job, for what is called with JSON: on_case_opened with a case, on_config_loaded with
// config::to_json, a rule with config::for_rules, on_scan_result with a list of services, on_response with a list of responses,
// on_consensus with a report, an embedding with a list of texts. A plugin that may use the network gets it redacted, and a
// configuration not at all (kind security), unless it was granted raw_evidence.
[[nodiscard]] Result<IsolatedTask> isolated_json_hook(const PluginInfo& plugin, std::string_view hook, nlohmann::json argument);
// Evidence it gets redacted, as experts do.
[[nodiscard]] Result<IsolatedTask> isolated_evidence_hook(const PluginInfo& plugin, EvidencePtr evidence);

// A probe that talks on `socket` for so many seconds at most. It has no network besides.
[[nodiscard]] Result<IsolatedTask> isolated_probe(const PluginInfo& plugin, Descriptor socket, nlohmann::json service,
                                                  double seconds);

[[nodiscard]] Result<IsolatedTask> isolated_startup_hook(const PluginInfo& plugin);

struct HookAnswer {
  bool present = false;  // whether the plugin has such a hook
  nlohmann::json value;  // what it returned; null: nothing. Facts are a list of [name, value]
};

// What the worker said, which is not trusted. Kind script unless it is an answer.
[[nodiscard]] Result<HookAnswer> hook_answer(const nlohmann::json& returned);

// Name and JSON text, in the order of the hook. Kind script for a value that holds no facts.
[[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> facts_of(const nlohmann::json& value);

// What a hook at the start said with app.message(): at most 20 texts of at most 8000 bytes.
[[nodiscard]] Result<std::vector<std::string>> messages_of(const nlohmann::json& value);

// Runs the task; `ended` gets what call_isolated() returns, from the pool's thread. `job` stops it.
void start_isolated(WorkerPool& pool, IsolatedTask task, Job& job,
                    std::function<void(int descriptor, std::string_view text)> output,
                    std::function<void(Result<HookAnswer>)> ended);

// A probe that is asked in workers of `pool`, in the environment that `environments` makes for it before. `output` as above.
[[nodiscard]] Probe worker_probe(std::shared_ptr<WorkerPool> pool, Environments environments, const PluginInfo& plugin,
                                 std::function<void(int descriptor, std::string_view text)> output);

// Runs the task and waits for it; `job` stops it. Errors are of kind script, with the hook's traceback after an empty line.
[[nodiscard]] Result<HookAnswer> call_isolated(WorkerPool& pool, IsolatedTask task, Job& job,
                                               std::function<void(int descriptor, std::string_view text)> output);

}  // namespace conclave::scripting
