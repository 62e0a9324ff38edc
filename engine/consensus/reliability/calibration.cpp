// Few outcomes: Platt scaling (J. Platt, "Probabilistic outputs for support vector machines", 1999) of the logit of the reported
// probability, by Newton's method with halved steps (Lin, Lin & Weng, "A note on Platt's probabilistic outputs", Machine Learning
// 68, 2007). Platt's targets stand for a prior: n verdicts that were all right make (n + 1) / (n + 2), never 1. A trace of ridge
// towards the identity makes the fit unique where all verdicts had the same confidence. Where more confident verdicts were right
// less often, the slope is held at 0: what an expert adds may count for nothing, but never against the verdict it supports.
//
// Many outcomes: isotonic regression by pooling adjacent violators (Ayer, Brunk, Ewing, Reid & Silverman, Ann. Math. Stat. 26,
// 1955), with straight lines between the middles of the blocks, and bounded by the same targets.
#include "engine/consensus/reliability/calibration.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "engine/consensus/reliability/read_count.h"

namespace conclave::consensus {
namespace {

using nlohmann::json;

constexpr double ridge = 1e-3;

double logit(double p) {
  const double inside = std::clamp(p, 1e-6, 1.0 - 1e-6);
  return std::log(inside / (1.0 - inside));
}

double logistic(double x) { return x >= 0 ? 1.0 / (1.0 + std::exp(-x)) : std::exp(x) / (1.0 + std::exp(x)); }

struct Targets {
  double held;
  double failed;
};

Targets targets(std::span<const JudgedVerdict> verdicts) {
  const auto held = static_cast<double>(std::count_if(verdicts.begin(), verdicts.end(), [](const auto& v) { return v.held; }));
  const double failed = static_cast<double>(verdicts.size()) - held;
  return {(held + 1.0) / (held + 2.0), 1.0 / (failed + 2.0)};
}

struct Line {
  double slope = 1;
  double intercept = 0;
};

double loss(std::span<const JudgedVerdict> verdicts, const Targets& target, const Line& line) {
  double sum = ridge / 2.0 * ((line.slope - 1.0) * (line.slope - 1.0) + line.intercept * line.intercept);
  for (const JudgedVerdict& verdict : verdicts) {
    const double x = line.slope * logit(verdict.confidence) + line.intercept;
    const double t = verdict.held ? target.held : target.failed;
    sum += std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))) - t * x;
  }
  return sum;
}

Line fit_line(std::span<const JudgedVerdict> verdicts, bool flat) {
  const Targets target = targets(verdicts);
  Line line{flat ? 0.0 : 1.0, 0.0};
  double current = loss(verdicts, target, line);
  for (int round = 0; round < 100; ++round) {
    double gs = ridge * (line.slope - 1.0);
    double gi = ridge * line.intercept;
    double hss = ridge;
    double hsi = 0.0;
    double hii = ridge;
    for (const JudgedVerdict& verdict : verdicts) {
      const double x = logit(verdict.confidence);
      const double p = logistic(line.slope * x + line.intercept);
      const double error = p - (verdict.held ? target.held : target.failed);
      const double weight = p * (1.0 - p);
      gs += error * x;
      gi += error;
      hss += weight * x * x;
      hsi += weight * x;
      hii += weight;
    }
    const double determinant = hss * hii - hsi * hsi;
    const double ds = flat ? 0.0 : -(hii * gs - hsi * gi) / determinant;
    const double di = flat ? -gi / hii : -(hss * gi - hsi * gs) / determinant;
    bool better = false;
    for (double step = 1.0; step > 1e-10 && !better; step /= 2.0) {
      const Line next{line.slope + step * ds, line.intercept + step * di};
      const double then = loss(verdicts, target, next);
      better = then < current;
      if (better) {
        line = next;
        current = then;
      }
    }
    if (!better) break;
  }
  return line;
}

struct Block {
  double confidences = 0;
  double held = 0;
  double size = 0;
  [[nodiscard]] double share() const { return held / size; }
};

std::vector<std::pair<double, double>> pool_adjacent_violators(std::span<const JudgedVerdict> verdicts) {
  const Targets bounds = targets(verdicts);
  std::vector<Block> blocks;
  for (std::size_t i = 0; i < verdicts.size();) {
    Block block;
    const double confidence = verdicts[i].confidence;  // equal confidences are one from the start
    for (; i < verdicts.size() && verdicts[i].confidence == confidence; ++i) {
      block.confidences += confidence;
      block.held += verdicts[i].held ? 1.0 : 0.0;
      block.size += 1.0;
    }
    blocks.push_back(block);
    while (blocks.size() > 1 && blocks[blocks.size() - 2].share() >= blocks.back().share()) {
      const Block last = blocks.back();
      blocks.pop_back();
      blocks.back().confidences += last.confidences;
      blocks.back().held += last.held;
      blocks.back().size += last.size;
    }
  }
  std::vector<std::pair<double, double>> points;
  for (const Block& block : blocks) {
    points.emplace_back(std::clamp(block.confidences / block.size, 0.0, 1.0),
                        std::clamp(block.share(), bounds.failed, bounds.held));
  }
  return points;
}

bool in_unit_range(double value) { return std::isfinite(value) && value >= 0.0 && value <= 1.0; }

bool consistent(const Calibration& calibration) {
  using enum Calibration::Method;
  if (!std::isfinite(calibration.slope) || calibration.slope < 0 || !std::isfinite(calibration.intercept)) return false;
  if ((calibration.method == isotonic) == calibration.points.empty()) return false;
  for (std::size_t i = 0; i < calibration.points.size(); ++i) {
    const auto& [confidence, share] = calibration.points[i];
    if (!in_unit_range(confidence) || !in_unit_range(share)) return false;
    if (i > 0 && (confidence <= calibration.points[i - 1].first || share < calibration.points[i - 1].second)) return false;
  }
  return true;
}

constexpr std::array<std::string_view, 3> method_names = {"none", "platt", "isotonic"};

}  // namespace

double Calibration::operator()(double confidence) const {
  if (method == Method::none) return confidence;
  if (method == Method::platt) return logistic(slope * logit(confidence) + intercept);
  const auto above = std::lower_bound(points.begin(), points.end(), confidence,
                                      [](const auto& point, double value) { return point.first < value; });
  if (above == points.begin()) return points.front().second;
  if (above == points.end()) return points.back().second;
  const auto& [x0, y0] = *(above - 1);
  const auto& [x1, y1] = *above;
  return std::clamp(y0 + (y1 - y0) * ((confidence - x0) / (x1 - x0)), y0, y1);
}

Calibration fit_calibration(std::span<const JudgedVerdict> verdicts) {
  Calibration calibration;
  calibration.judged = verdicts.size();
  if (verdicts.size() < least_for_platt) return calibration;
  std::vector<JudgedVerdict> ordered(verdicts.begin(), verdicts.end());
  std::sort(ordered.begin(), ordered.end(), [](const JudgedVerdict& a, const JudgedVerdict& b) {
    return std::pair(a.confidence, a.held) < std::pair(b.confidence, b.held);
  });
  if (verdicts.size() >= least_for_isotonic) {
    calibration.method = Calibration::Method::isotonic;
    calibration.points = pool_adjacent_violators(ordered);
    return calibration;
  }
  Line line = fit_line(ordered, false);
  if (line.slope < 0) line = fit_line(ordered, true);
  calibration.method = Calibration::Method::platt;
  calibration.slope = line.slope;
  calibration.intercept = line.intercept;
  return calibration;
}

json to_json(const Calibration& calibration) {
  return {{"judged", calibration.judged},
          {"method", method_names.at(static_cast<std::size_t>(calibration.method))},
          {"slope", calibration.slope},
          {"intercept", calibration.intercept},
          {"points", calibration.points}};
}

Result<Calibration> calibration_from_json(const json& in) {
  try {
    Calibration calibration;
    calibration.judged = read_count(in.at("judged"));
    const auto name = std::find(method_names.begin(), method_names.end(), in.at("method").get<std::string>());
    if (name == method_names.end()) return fail(ErrorKind::serialization, "an unknown method of calibration");
    calibration.method = static_cast<Calibration::Method>(name - method_names.begin());
    in.at("slope").get_to(calibration.slope);
    in.at("intercept").get_to(calibration.intercept);
    in.at("points").get_to(calibration.points);
    if (!consistent(calibration)) return fail(ErrorKind::serialization, "a calibration out of range, or one that falls");
    return calibration;
  } catch (const json::exception& error) {
    return fail(ErrorKind::serialization, std::string("not a calibration: ") + error.what());
  }
}

}  // namespace conclave::consensus
