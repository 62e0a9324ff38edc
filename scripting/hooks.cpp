#include "scripting/hooks.h"

#include <pybind11/pybind11.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <map>
#include <utility>

#include "scripting/python_expert.h"
#include "scripting/script_thread.h"

namespace conclave::scripting {
namespace {

namespace py = pybind11;
using Clock = std::chrono::steady_clock;

// Runs `call` on the script thread as a watched hook and waits for it. Its result, or why there is none.
template <class T>
Result<T> wait_for_hook(const std::shared_ptr<ScriptThread>& thread, const PluginInfo& plugin,
                        std::function<T(ScriptThread&, Ticket)> call) {
  auto answer = std::make_shared<std::promise<Result<T>>>();
  auto waiting = answer->get_future();
  const auto job = std::make_shared<Job>("hook " + plugin.name);
  Watched watched;
  watched.who = "hook " + plugin.name;
  watched.time_s = plugin.time_s;
  watched.job = job;
  watched.give_up = [answer](consensus::Status, std::string why) { answer->set_value(fail(ErrorKind::circle, std::move(why))); };
  const std::string who = watched.who;
  const Ticket ticket = thread->watch().add(std::move(watched));
  const bool posted = thread->post(who, [ticket, answer, call = std::move(call)](ScriptThread& self) {
    {
      const py::gil_scoped_release release;
      if (!self.watch().begin(ticket)) return;
    }
    Result<T> result = fail(ErrorKind::script, "");
    try {
      result = call(self, ticket);
    } catch (const std::exception& error) {  // error_already_set is one, too
      result = fail(ErrorKind::script, error.what());
    }
    if (const auto ended = self.watch().end(ticket)) {
      if (!result && ended->timed_out) result = fail(ErrorKind::script, "no answer within its time");
      answer->set_value(std::move(result));
    }
  });
  if (!posted) {
    (void)thread->watch().end(ticket);
    return fail(ErrorKind::circle, "the program is ending");
  }
  // The watch ends what runs; a thread that is busy with something else for that long counts as no answer, too.
  const auto limit = std::chrono::duration<double>(2 * plugin.time_s + 5);
  if (waiting.wait_for(limit) == std::future_status::timeout) {
    if (!thread->watch().end(ticket)) return waiting.get();
    return fail(ErrorKind::circle, "the script thread is busy with " + thread->busy_with());
  }
  return waiting.get();
}

struct Outcome {
  bool present = false;
  std::string change;  // empty: nothing
};

void record(std::vector<ReceiptHook>& receipt, const char* hook, const PluginInfo& plugin, const Result<Outcome>& outcome,
            Clock::time_point started) {
  if (outcome && !outcome->present) return;
  const double seconds = std::chrono::duration<double>(Clock::now() - started).count();
  std::string change = outcome ? (outcome->change.empty() ? "nothing" : outcome->change) : "failed: " + outcome.error().message;
  receipt.push_back({hook, plugin.name, std::move(change), seconds});
}

Result<Outcome> run_config_hook(const std::shared_ptr<ScriptThread>& thread, const PluginInfo& plugin,
                                config::ConfigFile& config) {
  const nlohmann::json before = config::to_json(config.model);
  using Answer = std::optional<std::string>;
  const auto text = wait_for_hook<Answer>(
      thread, plugin,
      [plugin, json = before.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)](ScriptThread& self, Ticket ticket) {
        const py::object changed =
            self.python().attr("config_hook")(ticket, runner_info(plugin, nlohmann::json::object(), 1.0), json);
        return changed.is_none() ? Answer{} : Answer{py::cast<std::string>(changed)};
      });
  if (!text) return tl::unexpected(text.error());
  if (!text->has_value()) return Outcome{};
  if (text->value().empty()) return Outcome{true, {}};
  const auto after = nlohmann::json::parse(text->value(), nullptr, false);
  auto model = config::config_from_json(after);
  if (!model) return tl::unexpected(std::move(model.error()));
  config = config::with_model(std::move(config), std::move(*model));
  return Outcome{true, describe_change(before, config::to_json(config.model))};
}

Result<Outcome> run_evidence_hook(const std::shared_ptr<ScriptThread>& thread, const PluginInfo& plugin, EvidencePtr& evidence) {
  struct Answer {
    bool present = false;
    EvidencePtr evidence;
    std::string names;
  };
  auto answer = wait_for_hook<Answer>(thread, plugin, [plugin, evidence](ScriptThread& self, Ticket ticket) {
    py::module_::import("conclave._core");  // registers the types
    const py::object given = py::cast(std::const_pointer_cast<Evidence>(evidence));
    const py::object made =
        self.python().attr("evidence_hook")(ticket, runner_info(plugin, nlohmann::json::object(), 1.0), given);
    Answer result;
    if (made.is_none()) return result;
    result.present = true;
    const auto pair = py::cast<py::tuple>(made);
    if (!pair[0].is_none()) result.evidence = py::cast<std::shared_ptr<Evidence>>(pair[0]);
    result.names = py::cast<std::string>(pair[1]);
    return result;
  });
  if (!answer) return tl::unexpected(std::move(answer.error()));
  if (answer->evidence) evidence = std::move(answer->evidence);
  return Outcome{answer->present, answer->names.empty() ? "" : "added facts: " + answer->names};
}

}  // namespace

std::string describe_change(const nlohmann::json& before, const nlohmann::json& after) {
  const auto leaves = [](const nlohmann::json& json) {
    std::map<std::string, nlohmann::json> paths;
    const nlohmann::json flat = json.flatten();
    for (const auto& [pointer, value] : flat.items()) {
      std::string path = pointer.empty() ? "" : pointer.substr(1);
      std::replace(path.begin(), path.end(), '/', '.');
      paths[path] = value;
    }
    return paths;
  };
  const auto old_leaves = leaves(before);
  const auto new_leaves = leaves(after);
  std::vector<std::string> changes;
  for (const auto& [path, value] : new_leaves) {
    const auto old = old_leaves.find(path);
    if (old == old_leaves.end()) changes.push_back("added " + path);
    if (old != old_leaves.end() && old->second != value) changes.push_back("changed " + path);
  }
  for (const auto& [path, value] : old_leaves) {
    if (!new_leaves.contains(path)) changes.push_back("removed " + path);
  }
  constexpr std::size_t most = 50;
  std::string text;
  for (std::size_t i = 0; i < changes.size() && i < most; ++i) text += (i == 0 ? "" : ", ") + changes[i];
  if (changes.size() > most) text += " and " + std::to_string(changes.size() - most) + " more";
  return text;
}

Hooks make_hooks(const std::shared_ptr<ScriptThread>& thread, const std::vector<PluginInfo>& plugins) {
  Hooks hooks;
  if (plugins.empty()) return hooks;
  for (const PluginInfo& plugin : plugins) hooks.plugins.push_back({plugin.name, plugin.version, plugin.sha256});
  hooks.on_config_loaded = [thread, plugins](config::ConfigFile config,
                                             std::vector<ReceiptHook>& receipt) -> Result<config::ConfigFile> {
    for (const PluginInfo& plugin : plugins) {
      const auto started = Clock::now();
      record(receipt, "on_config_loaded", plugin, run_config_hook(thread, plugin, config), started);
    }
    return config;
  };
  hooks.on_evidence = [thread, plugins](EvidencePtr evidence, std::vector<ReceiptHook>& receipt) -> Result<EvidencePtr> {
    for (const PluginInfo& plugin : plugins) {
      const auto started = Clock::now();
      record(receipt, "on_evidence", plugin, run_evidence_hook(thread, plugin, evidence), started);
    }
    return evidence;
  };
  return hooks;
}

}  // namespace conclave::scripting
