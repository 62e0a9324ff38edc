// What must hold before a verdict is a verdict. Internal to this room.
#pragma once

#include <optional>
#include <string>

#include "engine/consensus/circle.h"
#include "engine/consensus/reliability/calibration.h"
#include "engine/consensus/response.h"
#include "engine/consensus/voting.h"

namespace conclave::consensus {

// Borrows what it is given.
class GateKeeper {
 public:
  GateKeeper(const Circle& circle, const Question& question, bool evidence_unreadable, const std::string& not_compared,
             const Calibration& calibration);

  // Why there is no consensus, as the end of a sentence; nothing if the verdict stands.
  [[nodiscard]] std::optional<std::string> refusal(const CaseOutcome& outcome) const;

 private:
  [[nodiscard]] std::optional<std::string> refusal_of_answers() const;
  const Circle& circle_;
  const Question& question_;
  bool evidence_unreadable_;
  const std::string& not_compared_;
  const Calibration& calibration_;
  std::optional<std::string> answers_;  // a refusal that no vote can change
};

// How a scope came to its verdict, one sentence.
[[nodiscard]] std::string scope_reason(const Circle& circle, std::size_t ballot);
// Why the case has its verdict, or why none, one sentence.
[[nodiscard]] std::string case_reason(const Circle& circle, const CaseOutcome& outcome,
                                      const std::optional<std::string>& refusal);

}  // namespace conclave::consensus
