// A hook that is not trusted, or asks for it: run in a worker process.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/job.h"
#include "scripting/worker/worker_pool.h"

namespace conclave::scripting {

// A task without callbacks and job. The configuration (JSON of config::to_json) is not handed to a plugin that may use the
// network unless it was granted raw_evidence: kind security; evidence it gets redacted, as experts do.
[[nodiscard]] Result<IsolatedTask> isolated_config_hook(const PluginInfo& plugin, nlohmann::json config);
// The others: on_case_opened with a case, on_scan_result with a list of services, on_response with a list of responses,
// on_consensus with a report, redacted as said.
[[nodiscard]] Result<IsolatedTask> isolated_json_hook(const PluginInfo& plugin, const char* hook, nlohmann::json argument);
[[nodiscard]] Result<IsolatedTask> isolated_evidence_hook(const PluginInfo& plugin, EvidencePtr evidence);

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

// Runs the task and waits for it; `job` stops it. Errors are of kind script, with the hook's traceback after an empty line.
[[nodiscard]] Result<HookAnswer> call_isolated(WorkerPool& pool, IsolatedTask task, Job& job,
                                               std::function<void(int descriptor, std::string_view text)> output);

}  // namespace conclave::scripting
