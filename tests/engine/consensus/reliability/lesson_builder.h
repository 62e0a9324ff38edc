// Short ways to write judged reports down.
#pragma once

#include <string>
#include <vector>

#include "engine/consensus/reliability/lesson.h"

namespace conclave::consensus {

inline Opinion vote(std::string expert, std::string verdict, double confidence = 0.8, std::string scope = "overall") {
  return {std::move(expert), std::move(scope), Status::answered, std::move(verdict), confidence, true, 0, 0};
}

inline Lesson lesson(std::string report, std::vector<Opinion> opinions, std::optional<std::string> verdict,
                     std::vector<std::string> truth, double confidence = 0.8) {
  Lesson out;
  out.report = std::move(report);
  out.question = {{"healthy", "degraded", "failing"}, true};
  out.passing = {"healthy"};
  out.scopes = {{"overall", verdict}};
  out.verdict = std::move(verdict);
  out.confidence = confidence;
  out.opinions = std::move(opinions);
  out.truth = std::move(truth);
  return out;
}

}  // namespace conclave::consensus
