// --weights FILE: a map from experts to weights, or what `history weights --json` wrote; YAML or JSON.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/case/case.h"
#include "engine/consensus/reliability/learned.h"

namespace conclave::cli {

struct PinnedWeights {
  std::map<std::string, double> weights;  // in the place of those of the case
  consensus::Learned learned;             // of a history, with its calibration
  // Names of experts that weigh something.
  [[nodiscard]] std::vector<std::string> experts() const;
};

// Every weight is a number above 0, and what was learned is of the question of the case; errors have file:line:column.
[[nodiscard]] Result<PinnedWeights> read_weights(const std::filesystem::path& path, const Case& subject);

// "healthy, degraded, failing"
[[nodiscard]] std::string listed(const consensus::VerdictList& question);

}  // namespace conclave::cli
