#include "scripting/worker/isolated_hook.h"

#include <future>
#include <memory>

#include "engine/base/text.h"
#include "engine/case/redact_evidence.h"
#include "scripting/worker/isolated_expert.h"

namespace conclave::scripting {
namespace {

// A worker answers whatever happens: it has 20 s to begin on a busy machine, and is killed 0.4 s after its time.
constexpr double grace_of_worker_s = 30;

constexpr std::size_t most_messages = 20;
constexpr std::size_t longest_message = 8000;
constexpr const char* nonsense = "the worker speaks nonsense: no answer of a hook";

Result<IsolatedTask> task_of(const PluginInfo& plugin, std::string_view hook, EvidencePtr evidence, nlohmann::json argument) {
  auto task = isolated_task(plugin, nlohmann::json::object(), {}, std::move(evidence));
  if (!task) return task;
  task->info["secret_values"] = nlohmann::json::object();  // hooks have no way to ask for one
  task->info["hook"] = {{"name", hook}, {"argument", std::move(argument)}};
  return task;
}

}  // namespace

Result<IsolatedTask> isolated_json_hook(const PluginInfo& plugin, std::string_view hook, nlohmann::json argument) {
  const bool may_tell = !plugin.network.empty() && !plugin.raw_evidence;
  if (may_tell && (hook == "on_config_loaded" || hook == "rule")) {
    return fail(ErrorKind::security,
                "it may use the network, so it is not given the configuration; raw_evidence = true under [permissions] of its "
                "plugin.toml would allow it");
  }
  if (may_tell) argument = redacted(argument);
  return task_of(plugin, hook, nullptr, std::move(argument));
}

Result<IsolatedTask> isolated_evidence_hook(const PluginInfo& plugin, EvidencePtr evidence) {
  return task_of(plugin, "on_evidence", std::move(evidence), nullptr);
}

Result<IsolatedTask> isolated_probe(const PluginInfo& plugin, Descriptor socket, nlohmann::json service, double seconds) {
  PluginInfo bounded = plugin;
  bounded.network.clear();
  bounded.time_s = seconds;
  auto task = task_of(bounded, "probe", nullptr, {{"service", std::move(service)}, {"seconds", seconds}});
  if (task) task->socket = std::move(socket);
  return task;
}

Result<IsolatedTask> isolated_startup_hook(const PluginInfo& plugin) { return task_of(plugin, "on_startup", nullptr, nullptr); }

Result<HookAnswer> hook_answer(const nlohmann::json& returned) {
  if (returned.is_null()) return HookAnswer{};
  if (!returned.is_object() || !returned.contains("value")) return fail(ErrorKind::script, nonsense);
  return HookAnswer{true, returned["value"]};
}

Result<std::vector<std::pair<std::string, std::string>>> facts_of(const nlohmann::json& value) {
  std::vector<std::pair<std::string, std::string>> facts;
  if (value.is_null()) return facts;
  if (!value.is_array()) return fail(ErrorKind::script, nonsense);
  for (const nlohmann::json& fact : value) {
    if (!fact.is_array() || fact.size() != 2 || !fact[0].is_string() || fact[0].get_ref<const std::string&>().empty())
      return fail(ErrorKind::script, nonsense);
    facts.emplace_back(fact[0], fact[1].dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }
  return facts;
}

Result<std::vector<std::string>> messages_of(const nlohmann::json& value) {
  std::vector<std::string> messages;
  if (value.is_null()) return messages;
  if (!value.is_array() || value.size() > most_messages) return fail(ErrorKind::script, nonsense);
  for (const nlohmann::json& text : value) {
    if (!text.is_string() || text.get_ref<const std::string&>().size() > longest_message)
      return fail(ErrorKind::script, nonsense);
    messages.push_back(text);
  }
  return messages;
}

void start_isolated(WorkerPool& pool, IsolatedTask task, Job& job,
                    std::function<void(int descriptor, std::string_view text)> output,
                    std::function<void(Result<HookAnswer>)> ended) {
  const auto returned = std::make_shared<nlohmann::json>();
  task.job = std::make_shared<Job>(task.plugin.kind + " " + task.plugin.name, job);
  task.log = [output](int /*level*/, std::string_view text) { output(2, valid_utf8(text) + "\n"); };
  task.output = std::move(output);
  task.returned = [returned](nlohmann::json value) { *returned = std::move(value); };
  task.done = [returned, ended = std::move(ended)](const consensus::ExpertResponse& response) {
    if (response.status == consensus::Status::answered && !response.error) return ended(hook_answer(*returned));
    const auto error = response.error.value_or(consensus::ResponseError{"CircleError", "it ended without an answer", {}});
    ended(fail(ErrorKind::script, error.type + ": " + error.message + (error.traceback.empty() ? "" : "\n\n" + error.traceback)));
  };
  pool.run(std::move(task));
}

Result<HookAnswer> call_isolated(WorkerPool& pool, IsolatedTask task, Job& job,
                                 std::function<void(int descriptor, std::string_view text)> output) {
  const auto answer = std::make_shared<std::promise<Result<HookAnswer>>>();
  auto ended = answer->get_future();
  start_isolated(pool, std::move(task), job, std::move(output),
                 [answer](Result<HookAnswer> said) { answer->set_value(std::move(said)); });
  return ended.get();
}

Probe worker_probe(std::shared_ptr<WorkerPool> pool, Environments environments, const PluginInfo& plugin,
                   std::function<void(int descriptor, std::string_view text)> output) {
  Probe probe;
  probe.plugin = {plugin.name, plugin.version, plugin.sha256};
  probe.time_s = plugin.time_s;
  probe.grace_s = grace_of_worker_s;
  const auto environment = std::make_shared<EnvironmentPtr>();
  probe.prepare = [plugin, environment, environments = std::move(environments)](Job& job) -> Result<void> {
    auto prepared = environments.prepare(plugin, job);
    if (!prepared) return tl::unexpected(std::move(prepared.error()));
    *environment = std::move(*prepared);
    return {};
  };
  probe.start = [plugin, environment, output = std::move(output), pool = std::move(pool)](
                    int socket, nlohmann::json service, double seconds, const JobPtr& job,
                    std::function<void(Result<nlohmann::json>)> done) {
    auto task = isolated_probe(plugin, Descriptor(socket), std::move(service), seconds);
    if (!task) return done(tl::unexpected(std::move(task.error())));
    task->environment = *environment;
    start_isolated(*pool, std::move(*task), *job, output, [done = std::move(done)](Result<HookAnswer> answer) {
      done(std::move(answer).map([](HookAnswer&& said) { return std::move(said.value); }));
    });
  };
  return probe;
}

}  // namespace conclave::scripting
