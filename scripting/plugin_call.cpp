#include "scripting/plugin_call.h"

#include <optional>

#include "scripting/python_expert.h"

namespace conclave::scripting {
namespace {

namespace py = pybind11;

// JSON as text, or nothing if there is no such function.
Result<std::optional<std::string>> answered_in_process(const std::shared_ptr<ScriptThread>& thread, const PluginInfo& plugin,
                                                       const char* name, const nlohmann::json& argument, Job& job) {
  using Answer = std::optional<std::string>;
  return wait_in_process<Answer>(thread, plugin, job,
                                 [plugin, name, json = argument.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)](
                                     ScriptThread& self, Ticket ticket) {
                                   const py::object answer = self.python().attr("json_hook")(
                                       ticket, runner_info(plugin, nlohmann::json::object(), 1.0), name, json);
                                   return answer.is_none() ? Answer{} : Answer{py::cast<std::string>(answer)};
                                 });
}

}  // namespace

Result<HookAnswer> ask_worker(const HookRunners& runners, IsolatedTask task, Job& job) {
  auto environment = runners.environments.prepare(task.plugin, job);
  if (!environment && runners.unusable) runners.unusable->insert(task.plugin.name);
  if (!environment) return tl::unexpected(std::move(environment.error()));
  task.environment = std::move(*environment);
  const auto output = [output = runners.output, who = task.plugin.kind + " " + task.plugin.name](
                          int descriptor, std::string_view text) { output(who, descriptor, text); };
  return call_isolated(*runners.workers, std::move(task), job, output);
}

Result<HookAnswer> call_plugin(const HookRunners& runners, const PluginInfo& plugin, const char* name,
                               const nlohmann::json& argument, Job& job) {
  if (runs_isolated(plugin)) {
    auto task = isolated_json_hook(plugin, name, argument);
    if (!task) return tl::unexpected(std::move(task.error()));
    return ask_worker(runners, std::move(*task), job);
  }
  auto text = answered_in_process(runners.thread, plugin, name, argument, job);
  if (!text) return tl::unexpected(std::move(text.error()));
  if (!text->has_value()) return HookAnswer{};
  return HookAnswer{true, nlohmann::json::parse(**text, nullptr, false)};
}

}  // namespace conclave::scripting
