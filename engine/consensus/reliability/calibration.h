// From what the experts say of their confidence to how often such verdicts were right.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>
#include <vector>

#include "engine/consensus/reliability/lesson.h"

namespace conclave::consensus {

// How many verdicts with a known outcome it takes.
inline constexpr std::size_t least_for_platt = 20;
inline constexpr std::size_t least_for_isotonic = 1000;

// A map from [0, 1] to [0, 1] that never falls; without points nothing changes, bit for bit.
struct Calibration {
  std::size_t judged = 0;  // verdicts with a known outcome
  enum class Method : std::uint8_t { none, platt, isotonic } method = Method::none;
  double slope = 1;                                 // platt, of log(p / (1 - p)); not negative
  double intercept = 0;                             // platt
  std::vector<std::pair<double, double>> points{};  // isotonic: confidence and share that held, both ascending; lines between

  [[nodiscard]] double operator()(double confidence) const;
  bool operator==(const Calibration&) const = default;
};

// Whatever the order of the verdicts, the same bits.
[[nodiscard]] Calibration fit_calibration(std::span<const JudgedVerdict> verdicts);

[[nodiscard]] nlohmann::json to_json(const Calibration& calibration);
// Kind serialization for anything that is not a calibration: numbers out of range, points that fall.
[[nodiscard]] Result<Calibration> calibration_from_json(const nlohmann::json& json);

}  // namespace conclave::consensus
