#include "scripting/hooks.h"

#include <pybind11/pybind11.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "engine/case/case_json.h"
#include "engine/case/facts.h"
#include "engine/case/hook_changes.h"
#include "engine/config/user_rules.h"
#include "scripting/plugin_call.h"
#include "scripting/python_expert.h"
#include "scripting/worker/isolated_hook.h"

namespace conclave::scripting {
namespace {

namespace py = pybind11;
using Clock = std::chrono::steady_clock;

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

Result<Outcome> run_config_hook(const HookRunners& runners, const PluginInfo& plugin, config::ConfigFile& config, Job& job) {
  const nlohmann::json before = config::to_json(config.model);
  auto answer = call_plugin(runners, plugin, "on_config_loaded", before, job);
  if (!answer) return tl::unexpected(std::move(answer.error()));
  if (!answer->present || answer->value.is_null()) return Outcome{answer->present, {}};
  auto model = config::config_from_json(answer->value);
  if (!model) return tl::unexpected(std::move(model.error()));
  config = config::with_model(std::move(config), std::move(*model));
  return Outcome{true, describe_change(before, config::to_json(config.model))};
}

// Calls the hook with `argument`; `apply` makes a Changed<T> of `value` and the answer.
template <class T, class Apply>
Result<Outcome> run_json_hook(const HookRunners& runners, const PluginInfo& plugin, const char* hook,
                              const nlohmann::json& argument, T& value, Job& job, const Apply& apply) {
  const auto answer = call_plugin(runners, plugin, hook, argument, job);
  if (!answer) return tl::unexpected(answer.error());
  if (!answer->present) return Outcome{};
  auto changed = apply(value, answer->value);
  if (!changed) return tl::unexpected(std::move(changed.error()));
  value = std::move(changed->value);
  return Outcome{true, std::move(changed->change)};
}

Result<std::vector<config::Problem>> ask_rule(const HookRunners& runners, const PluginInfo& plugin, const nlohmann::json& given,
                                              const config::ConfigFile& config, Job& job) {
  const auto answer = call_plugin(runners, plugin, "rule", given, job);
  if (!answer) return tl::unexpected(answer.error());
  return config::problems_of_rule(config, plugin.name, answer->value);
}

struct EvidenceAnswer {
  bool present = false;
  EvidencePtr evidence;  // null: unchanged
  std::string names;
};

Result<EvidenceAnswer> enriched_in_process(const std::shared_ptr<ScriptThread>& thread, const PluginInfo& plugin,
                                           const EvidencePtr& evidence, Job& job) {
  return wait_in_process<EvidenceAnswer>(thread, plugin, job, [plugin, evidence](ScriptThread& self, Ticket ticket) {
    py::module_::import("conclave._core");  // registers the types
    const py::object given = py::cast(std::const_pointer_cast<Evidence>(evidence));
    const py::object made =
        self.python().attr("evidence_hook")(ticket, runner_info(plugin, nlohmann::json::object(), 1.0), given);
    EvidenceAnswer result;
    if (made.is_none()) return result;
    result.present = true;
    const auto pair = py::cast<py::tuple>(made);
    if (!pair[0].is_none()) result.evidence = py::cast<std::shared_ptr<Evidence>>(pair[0]);
    result.names = py::cast<std::string>(pair[1]);
    return result;
  });
}

Result<EvidenceAnswer> enriched_isolated(const HookRunners& runners, const PluginInfo& plugin, const EvidencePtr& evidence,
                                         Job& job) {
  auto task = isolated_evidence_hook(plugin, evidence);
  if (!task) return tl::unexpected(std::move(task.error()));
  const auto answer = ask_worker(runners, std::move(*task), job);
  if (!answer) return tl::unexpected(answer.error());
  const auto facts = facts_of(answer->value);
  if (!facts) return tl::unexpected(facts.error());
  EvidenceAnswer result{answer->present, nullptr, {}};
  std::vector<Fact> added;
  for (const auto& [name, json] : *facts) {
    result.names += (result.names.empty() ? "" : ", ") + name;
    added.push_back({name, json, plugin.name});
  }
  if (added.empty()) return result;
  auto enriched = with_facts(*evidence, added);
  if (!enriched) return tl::unexpected(std::move(enriched.error()));
  result.evidence = std::move(*enriched);
  return result;
}

Result<Outcome> run_evidence_hook(const HookRunners& runners, const PluginInfo& plugin, EvidencePtr& evidence, Job& job) {
  auto answer = runs_isolated(plugin) ? enriched_isolated(runners, plugin, evidence, job)
                                      : enriched_in_process(runners.thread, plugin, evidence, job);
  if (!answer) return tl::unexpected(std::move(answer.error()));
  if (answer->evidence) evidence = std::move(answer->evidence);
  return Outcome{answer->present, answer->names.empty() ? "" : "added facts: " + answer->names};
}

Result<bool> started_in_process(const std::shared_ptr<ScriptThread>& thread, const PluginInfo& plugin, Job& job) {
  return wait_in_process<bool>(thread, plugin, job, [plugin](ScriptThread& self, Ticket ticket) {
    return py::cast<bool>(self.python().attr("startup_hook")(ticket, runner_info(plugin, nlohmann::json::object(), 1.0)));
  });
}

// What app.message() was given.
Result<std::vector<std::string>> started_isolated(const HookRunners& runners, const PluginInfo& plugin, Job& job) {
  auto task = isolated_startup_hook(plugin);
  if (!task) return tl::unexpected(std::move(task.error()));
  auto answer = ask_worker(runners, std::move(*task), job);
  if (!answer) return tl::unexpected(std::move(answer.error()));
  return messages_of(answer->value);
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

std::vector<StartedHook> run_startup_hooks(const HookRunners& runners, const std::vector<PluginInfo>& plugins, Job& job) {
  std::vector<StartedHook> started;
  for (const PluginInfo& plugin : plugins) {
    if (job.stopped()) break;
    const auto began = Clock::now();
    StartedHook one;
    one.plugin = plugin.name;
    if (runs_isolated(plugin)) {
      auto messages = started_isolated(runners, plugin, job);
      if (messages) one.messages = std::move(*messages);
      if (!messages) one.failure = messages.error().message;
    } else if (const auto ended = started_in_process(runners.thread, plugin, job); !ended) {
      one.failure = ended.error().message;
    }
    one.seconds = std::chrono::duration<double>(Clock::now() - began).count();
    started.push_back(std::move(one));
  }
  return started;
}

namespace {

using consensus::ExpertResponse;

// `run(plugin, value, job)` for each plugin, in order, each recorded; what became of `value`.
template <class T, class Run>
auto in_order(const HookRunners& runners, const std::vector<PluginInfo>& plugins, const char* hook, const Run& run) {
  return [unusable = runners.unusable, plugins, hook, run](T value, std::vector<ReceiptHook>& receipt, Job& job) -> Result<T> {
    for (const PluginInfo& plugin : plugins) {
      if (job.stopped()) return fail_cancelled();
      if (unusable->contains(plugin.name)) continue;  // as the receipt says already
      const auto started = Clock::now();
      record(receipt, hook, plugin, run(plugin, value, job), started);
    }
    return value;
  };
}

nlohmann::json as_json(const std::vector<ExpertResponse>& responses) {
  auto list = nlohmann::json::array();
  for (const ExpertResponse& response : responses) list.push_back(consensus::to_json(response));
  return list;
}

using Notes = std::vector<config::Problem>;

// What hooks say of a case or a report.
Result<Notes> notes_on(const HookRunners& runners, const std::vector<PluginInfo>& plugins, const char* hook,
                       const nlohmann::json& argument, std::vector<ReceiptHook>& receipt, Job& job) {
  const auto note = [&](const PluginInfo& plugin, Notes& all, Job& own) {
    return run_json_hook(runners, plugin, hook, argument, all, own, [&](Notes& before, const nlohmann::json& texts) {
      auto notes = notes_of(plugin.name, texts);
      if (notes) notes->value.insert(notes->value.begin(), before.begin(), before.end());
      return notes;
    });
  };
  return in_order<Notes>(runners, plugins, hook, note)({}, receipt, job);
}

}  // namespace

Hooks make_hooks(HookRunners runners, const std::vector<PluginInfo>& plugins) {
  Hooks hooks;
  runners.unusable = std::make_shared<std::set<std::string>>();
  if (plugins.empty()) return hooks;
  for (const PluginInfo& plugin : plugins) hooks.plugins.push_back({plugin.name, plugin.version, plugin.sha256});
  hooks.on_config_loaded = in_order<config::ConfigFile>(
      runners, plugins, "on_config_loaded", [runners](const PluginInfo& plugin, config::ConfigFile& config, Job& job) {
        return run_config_hook(runners, plugin, config, job);
      });
  hooks.on_scan_result = in_order<EvidencePtr>(
      runners, plugins, "on_scan_result", [runners](const PluginInfo& plugin, EvidencePtr& evidence, Job& job) {
        return run_json_hook(runners, plugin, "on_scan_result", services_of(*evidence), evidence, job, &with_service_changes);
      });
  hooks.on_evidence = in_order<EvidencePtr>(runners, plugins, "on_evidence",
                                            [runners](const PluginInfo& plugin, EvidencePtr& evidence, Job& job) {
                                              return run_evidence_hook(runners, plugin, evidence, job);
                                            });
  hooks.on_response = in_order<std::vector<ExpertResponse>>(
      runners, plugins, "on_response", [runners](const PluginInfo& plugin, std::vector<ExpertResponse>& responses, Job& job) {
        return run_json_hook(runners, plugin, "on_response", as_json(responses), responses, job, &with_response_changes);
      });
  hooks.on_case_opened = [runners, plugins](const Case& subject, std::vector<ReceiptHook>& receipt, Job& job) {
    return notes_on(runners, plugins, "on_case_opened", to_json(subject), receipt, job);
  };
  hooks.on_consensus = [runners, plugins](const Report& report, std::vector<ReceiptHook>& receipt, Job& job) {
    return notes_on(runners, plugins, "on_consensus", to_json(report), receipt, job);
  };
  return hooks;
}

Embedding make_embedding(const HookRunners& runners, const PluginInfo& plugin) {
  return {{plugin.name, plugin.version, plugin.sha256},
          [runners, plugin](const std::vector<std::string>& texts, Job& job) -> Result<nlohmann::json> {
            auto answer = call_plugin(runners, plugin, "embedding", texts, job);
            if (!answer) return tl::unexpected(std::move(answer.error()));
            return std::move(answer->value);
          }};
}

void add_rules(Hooks& hooks, const HookRunners& runners, const std::vector<PluginInfo>& rules) {
  if (rules.empty()) return;
  for (const PluginInfo& rule : rules) hooks.plugins.push_back({rule.name, rule.version, rule.sha256});
  hooks.check_config = [runners, rules](config::ConfigFile config, std::vector<ReceiptHook>& receipt,
                                        Job& job) -> Result<config::ConfigFile> {
    const nlohmann::json given = config::for_rules(config);
    std::vector<config::Problem> all;
    for (const PluginInfo& rule : rules) {
      if (job.stopped()) return fail_cancelled();
      const auto started = Clock::now();
      auto found = ask_rule(runners, rule, given, config, job);
      auto outcome = found.map([](const auto& problems) { return Outcome{true, config::found_in_words(problems.size())}; });
      record(receipt, "rule", rule, outcome, started);
      if (!found) found = std::vector{config::failed_rule(config, rule.name, found.error().message)};
      std::move(found->begin(), found->end(), std::back_inserter(all));
    }
    if (job.stopped()) return fail_cancelled();
    return config::with_problems(std::move(config), std::move(all));
  };
}

}  // namespace conclave::scripting
