// An expert that is not trusted, or asks for it: run in a worker process.
#pragma once

#include <memory>

#include "engine/case/expert.h"
#include "engine/config/problem.h"
#include "engine/security/key_ring.h"
#include "scripting/plugin_catalog.h"
#include "scripting/worker/worker_pool.h"

namespace conclave::scripting {

// The names of secrets an expert may have, and where they are.
struct ExpertSecrets {
  std::vector<std::string> names;
  std::shared_ptr<const security::KeyRing> keys;
};

class IsolatedExpert : public Expert {
 public:
  // Where prints and log lines of experts go; as in IsolatedTask, with the name of the expert.
  using Output = std::function<void(const std::string& name, int descriptor, std::string_view text)>;

  // `settings` are those of the case, `allowed_endpoints` as in CircleRequest.
  IsolatedExpert(std::shared_ptr<WorkerPool> pool, Environments environments, PluginInfo plugin, nlohmann::json settings,
                 double weight, std::vector<std::string> allowed_endpoints, ExpertSecrets secrets, Output output);
  [[nodiscard]] const ExpertInfo& info() const override { return info_; }
  [[nodiscard]] Result<void> prepare(Job& job) override;  // its environment
  // Secrets are looked up here, since a worker may not read them. `done` is called on the pool's thread, or here.
  void start(EvidencePtr evidence, JobPtr job, std::function<void(consensus::ExpertResponse)> done) override;

 private:
  std::shared_ptr<WorkerPool> pool_;
  Environments environments_;
  EnvironmentPtr environment_;  // from prepare(), if it needs one
  PluginInfo plugin_;
  nlohmann::json settings_;
  std::vector<std::string> allowed_endpoints_;
  ExpertSecrets secrets_;
  Output output_;
  ExpertInfo info_;
};

// What a worker gets to see of the evidence: all of it, or redacted if the plugin may use the network and was not granted
// raw_evidence.
[[nodiscard]] Result<EvidencePtr> as_handed_to(const PluginInfo& plugin, EvidencePtr evidence);

// A task without environment, callbacks, job and weight. `evidence` may be null (see IsolatedTask).
[[nodiscard]] Result<IsolatedTask> isolated_task(const PluginInfo& plugin, const nlohmann::json& settings,
                                                 const std::vector<std::string>& allowed_endpoints, EvidencePtr evidence);

// What this kernel cannot enforce of workers' limits and permissions, for the report.
[[nodiscard]] std::vector<config::Problem> isolation_problems();

}  // namespace conclave::scripting
