// How often an expert was right, of what people judged.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/consensus/reliability/lesson.h"

namespace conclave::consensus {

struct TrackRecord {
  std::string expert;
  std::string scope;  // empty: in all of them
  VerdictList question;
  std::size_t right = 0;
  std::size_t wrong = 0;
  // Of the probability that it is right: mean, and the bounds between which it lies with 95 %, of a beta distribution that begins
  // with one right and one wrong.
  double mean = 0.5;
  std::pair<double, double> interval{0.025, 0.975};
  std::size_t answered = 0;  // in judged reports, also where nobody knows whether it was right
  std::size_t abstained = 0;
  std::size_t failed = 0;  // or was late, or killed
  std::size_t claims = 0;
  std::size_t verified_claims = 0;
};

// By question, expert and scope: for each expert all scopes together, then each scope where there are several. Whatever the order
// of the lessons, which may be of several questions.
[[nodiscard]] std::vector<TrackRecord> track_records(std::span<const Lesson> lessons);

[[nodiscard]] nlohmann::json to_json(const TrackRecord& record);

// The value below which a beta distribution has the given probability; alpha and beta at least 1, probability inside (0, 1).
[[nodiscard]] double beta_quantile(double probability, double alpha, double beta);

}  // namespace conclave::consensus
