// An expert written in Python, run on the script thread.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>

#include "engine/case/expert.h"
#include "engine/security/key_ring.h"
#include "scripting/script_thread.h"

namespace conclave::scripting {

class PythonExpert : public Expert {
 public:
  // `settings` are complete and checked; `allowed_endpoints` and `keys` as in CircleRequest.
  PythonExpert(std::shared_ptr<ScriptThread> thread, PluginInfo plugin, nlohmann::json settings, double weight,
               std::vector<std::string> allowed_endpoints, std::shared_ptr<const security::KeyRing> keys);
  [[nodiscard]] const ExpertInfo& info() const override { return info_; }
  // Async experts overlap; others run one after the other. `done` is called on the script thread, on the watch's (see watch.h),
  // or here if the program is ending; always without the GIL.
  void start(EvidencePtr evidence, JobPtr job, std::function<void(consensus::ExpertResponse)> done) override;

 private:
  std::shared_ptr<ScriptThread> thread_;
  PluginInfo plugin_;
  nlohmann::json settings_;
  std::vector<std::string> allowed_endpoints_;
  std::shared_ptr<const security::KeyRing> keys_;
  ExpertInfo info_;
};

// What conclave/_runner.py wants to know of a plugin; hooks have no endpoints. Needs the GIL.
[[nodiscard]] pybind11::dict runner_info(const PluginInfo& plugin, const nlohmann::json& settings, double weight,
                                         const std::vector<std::string>& allowed_endpoints = {});

// Called by conclave/_host.py when an expert ended: with a conclave._core.ExpertResponse, or with None, whether it failed or was
// cancelled, and what was raised.
void expert_ended(Watch& watch, Ticket ticket, const pybind11::object& response, consensus::Status status,
                  consensus::ResponseError error);

}  // namespace conclave::scripting
