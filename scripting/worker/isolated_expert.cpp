#include "scripting/worker/isolated_expert.h"

#include <utility>

#include "engine/base/byte_text.h"
#include "engine/base/text.h"
#include "engine/case/redact_evidence.h"
#include "scripting/worker/confine.h"

namespace conclave::scripting {
namespace {

nlohmann::json setting_specs(const PluginInfo& plugin) {
  nlohmann::json specs = nlohmann::json::array();
  for (const Setting& setting : plugin.settings) {
    specs.push_back({{"name", setting.name}, {"type", setting.type}, {"default_value", setting.default_value}});
  }
  return specs;
}

// name -> {"value": text or null} or {"error": why}.
nlohmann::json values_of(const ExpertSecrets& secrets) {
  nlohmann::json values = nlohmann::json::object();
  for (const std::string& name : secrets.names) {
    auto found = security::find_secret(name, *secrets.keys);
    if (!found)
      values[name] = {{"error", found.error().text()}};
    else
      values[name] = {{"value", *found ? nlohmann::json(**found) : nlohmann::json()}};
  }
  return values;
}

}  // namespace

Result<EvidencePtr> as_handed_to(const PluginInfo& plugin, EvidencePtr evidence) {
  if (plugin.network.empty() || plugin.raw_evidence) return evidence;
  return redacted(*evidence);
}

Result<IsolatedTask> isolated_task(const PluginInfo& plugin, const nlohmann::json& settings,
                                   const std::vector<std::string>& allowed_endpoints, EvidencePtr evidence) {
  if (evidence) {
    auto handed = as_handed_to(plugin, std::move(evidence));
    if (!handed) return tl::unexpected(std::move(handed.error()));
    evidence = std::move(*handed);
  }
  nlohmann::json endpoints = nlohmann::json::array();
  for (const std::string& endpoint : allowed_endpoints) endpoints.push_back(valid_utf8(endpoint));
  IsolatedTask task;
  task.plugin = plugin;
  task.info = {{"name", plugin.name},
               {"version", plugin.version},
               {"scope", plugin.scope},
               {"module", plugin.module},
               {"function", plugin.function},
               {"path", bytes_as_text(plugin.path.string())},
               {"sha256", plugin.sha256},
               {"timeout_s", plugin.time_s},
               {"settings", settings.is_null() ? nlohmann::json::object() : settings},
               {"setting_specs", setting_specs(plugin)},
               {"network", plugin.network},
               {"raw_evidence", plugin.raw_evidence},
               {"requirements", plugin.requirements},
               {"allowed_endpoints", std::move(endpoints)}};
  task.evidence = std::move(evidence);
  return task;
}

std::vector<config::Problem> isolation_problems() {
  std::vector<config::Problem> problems;
  for (const std::string& gap : confinement_gaps()) {
    problems.push_back({config::Severity::warning,
                        "isolation",
                        "experts in worker processes are not confined as they should be; not enforced: " + gap,
                        "",
                        {}});
  }
  return problems;
}

IsolatedExpert::IsolatedExpert(std::shared_ptr<WorkerPool> pool, Environments environments, PluginInfo plugin,
                               nlohmann::json settings, double weight, std::vector<std::string> allowed_endpoints,
                               ExpertSecrets secrets, Output output)
    : pool_(std::move(pool)),
      environments_(std::move(environments)),
      plugin_(std::move(plugin)),
      settings_(std::move(settings)),
      allowed_endpoints_(std::move(allowed_endpoints)),
      secrets_(std::move(secrets)),
      output_(std::move(output)) {
  info_ = {plugin_.name, plugin_.scope, plugin_.version, plugin_.sha256, weight, plugin_.time_s};
}

Result<void> IsolatedExpert::prepare(Job& job) {
  auto environment = environments_.prepare(plugin_, job);
  if (!environment) return tl::unexpected(std::move(environment.error()));
  environment_ = std::move(*environment);
  return {};
}

void IsolatedExpert::start(EvidencePtr evidence, JobPtr job, std::function<void(consensus::ExpertResponse)> done) {
  auto task = isolated_task(plugin_, settings_, allowed_endpoints_, std::move(evidence));
  if (!task) {
    consensus::ExpertResponse response;
    response.status = consensus::Status::failed;
    response.error = consensus::ResponseError{"CircleError", "the evidence cannot be handed over: " + task.error().text(), {}};
    return done(std::move(response));
  }
  task->environment = environment_;
  task->info["secret_values"] = values_of(secrets_);
  task->weight = info_.weight;
  task->job = std::move(job);
  task->output = [output = output_, name = info_.name](int descriptor, std::string_view text) { output(name, descriptor, text); };
  task->log = [output = output_, name = info_.name](int /*level*/, std::string_view text) {
    output(name, 2, valid_utf8(text) + "\n");
  };
  task->done = std::move(done);
  pool_->run(std::move(*task));
}

}  // namespace conclave::scripting
