// The likelihood of what was true of each report, given what its scopes said, over the one parameter of all_good() (voting.h). An
// exponential prior draws it to 0, where scopes are independent: it takes several reports that the product gets wrong to leave
// it. Experts that are too modest of good scopes look the same as scopes that fail together, and are mended the same way, since
// the calibration is learned after this.
#include "engine/consensus/reliability/dependence.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/consensus/reliability/read_count.h"
#include "engine/consensus/voting.h"

namespace conclave::consensus {
namespace {

constexpr int steps = 100;
constexpr double drawn_to_nothing = 5.0;  // nats between independent and one and the same

double fit_of(const std::vector<JudgedCase>& cases, double strength) {
  double sum = -drawn_to_nothing * strength;
  for (const JudgedCase& judged : cases) {
    const double good = std::clamp(all_good(judged.good, strength), 1e-9, 1.0 - 1e-9);
    sum += judged.passes ? std::log(good) : std::log1p(-good);
  }
  return sum;
}

}  // namespace

LearnedDependence fit_dependence(std::span<const JudgedCase> cases) {
  LearnedDependence learned{cases.size(), 0.0};
  if (cases.size() < least_for_dependence) return learned;
  std::vector<JudgedCase> ordered(cases.begin(), cases.end());
  std::sort(ordered.begin(), ordered.end());
  double best = fit_of(ordered, 0.0);
  for (int step = 1; step <= steps; ++step) {
    const double strength = static_cast<double>(step) / steps;
    const double fit = fit_of(ordered, strength);
    if (fit <= best) continue;
    best = fit;
    learned.strength = strength;
  }
  return learned;
}

nlohmann::json to_json(const LearnedDependence& dependence) {
  return {{"judged", dependence.judged}, {"strength", dependence.strength}};
}

Result<LearnedDependence> dependence_from_json(const nlohmann::json& in) {
  try {
    const LearnedDependence learned{read_count(in.at("judged")), in.at("strength").get<double>()};
    if (!(learned.strength >= 0.0 && learned.strength <= 1.0))
      return fail(ErrorKind::serialization, "the dependence between scopes is not from 0 to 1");
    return learned;
  } catch (const nlohmann::json::exception& error) {
    return fail(ErrorKind::serialization, std::string("not a dependence between scopes: ") + error.what());
  }
}

}  // namespace conclave::consensus
