// What an expert's vote is worth, of what people judged.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/consensus/reliability/lesson.h"

namespace conclave::consensus {

inline constexpr std::size_t least_for_weights = 30;  // answers with a known truth
// A vote of common worth weighs 1. Between these two the lightest and the heaviest are so near that, at the same confidence, no
// expert outweighs two others, nor, whatever confidence it claims, four.
inline constexpr double lightest = 0.7;
inline constexpr double heaviest = 1.35;
// Of an expert that is proven worse than chance: as good as silent. It is not turned round, which nobody could follow.
inline constexpr double silenced = 0.05;

// Those of which one label is known to be true, and in which somebody voted.
[[nodiscard]] std::vector<JudgedScope> answers_with_truth(std::vector<JudgedScope> judged);

// By expert, for everybody who voted; nothing for fewer than least_for_weights answers, or where votes tell nothing. `answers` as
// answers_with_truth() returns them. Kind limit for more experts than are learned together.
[[nodiscard]] Result<std::map<std::string, double>> learn_weights(std::span<const JudgedScope> answers);

}  // namespace conclave::consensus
