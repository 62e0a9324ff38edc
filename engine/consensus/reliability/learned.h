// What the judgements of one kind of question taught: weights, near-copies, dependence between scopes and calibration, which a
// receipt keeps for replay.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "engine/consensus/reliability/calibration.h"
#include "engine/consensus/reliability/dependence.h"
#include "engine/consensus/reliability/lesson.h"

namespace conclave::consensus {

struct Learned {
  VerdictList question;
  std::string version;                         // digest of the lessons; empty: there were none
  std::size_t judged = 0;                      // answers of scopes whose truth is known
  std::map<std::string, double> weights;       // by expert (learn_weights in weights.h); who is not named weighs 1; empty: all do
  std::map<std::string, std::size_t> answers;  // by expert, those that were judged
  std::vector<std::vector<std::string>> copies;  // who only repeats whom (near_copies.h), sorted
  LearnedDependence dependence;
  Calibration calibration;
  [[nodiscard]] bool nothing() const { return version.empty(); }
  bool operator==(const Learned&) const = default;
};

// From those of the lessons that are of this question; whatever their order, the same bits. Kind limit for more experts than are
// learned together.
[[nodiscard]] Result<Learned> learn(std::span<const Lesson> lessons, const VerdictList& question);

[[nodiscard]] nlohmann::json to_json(const Learned& learned);
// Kind serialization for anything that to_json does not write.
[[nodiscard]] Result<Learned> learned_from_json(const nlohmann::json& json);

}  // namespace conclave::consensus
