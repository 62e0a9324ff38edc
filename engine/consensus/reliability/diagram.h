// How often what was said with a certain confidence came true.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/consensus/reliability/lesson.h"

namespace conclave::consensus {

// What each expert said where it is known whether it was right, by name: the answers that its track record counts. `held` is that
// it was right, and `confidence` its own word. Of lessons of one question.
[[nodiscard]] std::map<std::string, std::vector<JudgedVerdict>> judged_answers(std::span<const Lesson> lessons);

// What was said with a confidence between two bounds.
struct ReliabilityBin {
  double from = 0;
  double to = 1;
  std::size_t count = 0;  // never 0
  std::size_t held = 0;
  double confidence = 0;                         // their mean
  std::pair<double, double> interval{0.0, 1.0};  // 95 %, of the share that holds
  [[nodiscard]] double share() const { return static_cast<double>(held) / static_cast<double>(count); }
};

// As many bins of the same width as there is anything to see in: five, from 100 verdicts on ten. Only those that hold something,
// ascending; a confidence on a bound belongs to the bin above it, 1 to the last. Whatever the order of the verdicts, the same
// bits.
[[nodiscard]] std::vector<ReliabilityBin> reliability_diagram(std::span<const JudgedVerdict> verdicts);

// The bounds between which the share lies with 95 %; they always hold the share that was seen. `count` above 0.
[[nodiscard]] std::pair<double, double> share_interval(std::size_t held, std::size_t count);

}  // namespace conclave::consensus
