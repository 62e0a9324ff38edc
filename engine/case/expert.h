// The interface behind which experts live. Python lives behind it, and so does anything else that can judge.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/case/evidence.h"
#include "engine/consensus/response.h"

namespace conclave {

struct ExpertInfo {
  std::string name;
  std::string scope = "overall";
  std::string version;
  std::string sha256;  // of the plugin's content; empty for experts that are not plugins
  double weight = 1.0;
  double timeout_s = 60;
};

// The response of an expert that gave none, and why.
[[nodiscard]] consensus::ExpertResponse without_answer(const ExpertInfo& info, consensus::Status status,
                                                       consensus::ResponseError error);

// prepare() gets what the expert needs that is not there, for example packages, and may wait long for that; it is called first,
// and an error means that start() will not be. Asynchronous from there: start() returns at once; `done` is called exactly once,
// from any thread, possibly before start() returns, and may outlive the caller's interest: a late answer is dropped. When `job`
// is stopped the expert should end soon.
class Expert {
 public:
  virtual ~Expert() = default;
  [[nodiscard]] virtual const ExpertInfo& info() const = 0;
  virtual Result<void> prepare(Job& /*job*/) { return {}; }
  virtual void start(EvidencePtr evidence, JobPtr job, std::function<void(consensus::ExpertResponse)> done) = 0;
};

using ExpertPtr = std::shared_ptr<Expert>;

// Progress of the circle: called from any thread, once per expert as it ends.
using OnResponse = std::function<void(const consensus::ExpertResponse&)>;

// Prepares all experts, one after the other, then starts them and waits for them. Never on the thread an expert needs. An expert
// is given its time-out from its own start of work (Expert implementations that queue say so by ending themselves as timed_out)
// and the circle as a whole sum(timeouts) + 5 s; whoever has not answered then is recorded as timed_out. A stopped job gives
// `cancelled` for the rest. One response per expert, in their order; names, weights and scopes are those of info() unless the
// expert said another scope.
[[nodiscard]] std::vector<consensus::ExpertResponse> ask(std::span<const ExpertPtr> experts, const EvidencePtr& evidence,
                                                         Job& job, const OnResponse& on_response = {});

}  // namespace conclave
