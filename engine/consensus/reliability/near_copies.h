// Who only repeats whom, from judged answers.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/consensus/reliability/lesson.h"

namespace conclave::consensus {

// Families of two experts or more who agree, errors above all, beyond what their accuracies predict (aggregation/families.h), in
// at least 20 answers that both were judged on. Sorted, names too. `answers` as answers_with_truth() returns them.
[[nodiscard]] std::vector<std::vector<std::string>> learn_near_copies(std::span<const JudgedScope> answers);

}  // namespace conclave::consensus
