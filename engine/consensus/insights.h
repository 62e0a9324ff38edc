// What a reader should know beside the verdict. Internal to this room.
#pragma once

#include <string>
#include <vector>

#include "engine/consensus/circle.h"
#include "engine/consensus/conclude.h"

namespace conclave::consensus {

[[nodiscard]] std::vector<Insight> find_insights(const Circle& circle, double evidence_coverage);

// Labels that lost their scope; where a scope is tied or not confirmed, all of its labels.
[[nodiscard]] std::vector<Dissent> find_dissent(const Circle& circle);

// Words of experts only: with a verdict the leading answer of the scope that decided it and its verified claims; without labels
// the most central answer of the heaviest group; else nothing. The opening of very long answers.
[[nodiscard]] std::string consensus_text(const Circle& circle, std::optional<std::size_t> verdict);

// Which group has the most weight, as an index of Circle::groups, and the share of its weight in all answers.
struct Heaviest {
  std::size_t group = 0;
  double share = 0;
};
[[nodiscard]] Heaviest heaviest_group(const Circle& circle);

// L. Kish, "Survey Sampling", 1965: (sum of weights)^2 / sum of squared weights, where near-identical texts with the same verdict
// are one opinion (of their mean weight). Of voters; without labels, of all who answered.
[[nodiscard]] double effective_experts(const Circle& circle);

}  // namespace conclave::consensus
