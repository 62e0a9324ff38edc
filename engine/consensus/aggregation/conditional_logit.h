// Weights of what speaks for each candidate of a choice, learned from choices whose outcome became known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"

namespace conclave::consensus {

// A candidate's score is its offset plus the sum of weight times value; its probability is in proportion to exp(score).
struct Candidate {
  struct Feature {
    std::uint32_t index = 0;
    double value = 0.0;  // finite
  };
  std::vector<Feature> features;  // what is not listed is 0; what is listed twice is added
  double offset = 0.0;            // of n candidates alike that are listed as one: log(n)
};

struct Choice {
  std::vector<Candidate> candidates;  // at least one
  std::size_t truth = 0;              // which of them
};

// What weights are drawn to, as by a normal distribution around `centre` with variance 1 / ridge. For experts whose votes count
// equally until there is reason to think otherwise: one feature for the number of votes with a small ridge of its own, and one
// for each expert's vote around 0 with the common ridge.
struct Shrinkage {
  std::vector<double> centre;     // by feature
  std::vector<double> own_ridge;  // by feature; 0: the common ridge, which the choices themselves decide
};

struct ConditionalLogit {
  std::vector<double> weights;  // by feature; the centre where there are no choices
  double ridge = 0.0;           // the common one
  double held_out = 0.0;        // mean log probability of the truth of choices that were left out; 0 without choices
};

inline constexpr std::size_t most_features = 512;

// Deterministic, also in the number of threads. Errors: limit, for more than most_features or 1 GiB of values; cancelled.
[[nodiscard]] Result<ConditionalLogit> fit_conditional_logit(std::span<const Choice> choices, const Shrinkage& shrinkage,
                                                             Job& job);

// Probabilities of the candidates.
[[nodiscard]] std::vector<double> choice_probabilities(std::span<const Candidate> candidates, std::span<const double> weights);

}  // namespace conclave::consensus
