// The conditional logit: D. McFadden, "Conditional logit analysis of qualitative choice behavior", 1974. With a ridge: S. le
// Cessie and J. van Houwelingen, "Ridge estimators in logistic regression", Applied Statistics 41, 1992. What is maximised, the
// logarithm of the likelihood less ridge / 2 times the squared distance from the centre, is strictly concave: Newton's steps,
// halved until they gain, end at the one maximum, also where the candidates could be told apart without an error.
//
// The common ridge is the one of a few under which truths that were left out are most likely (five folds, taken in turn). A few
// choices say little about it, so that the likelihood counts together with a prior: log ridge is normal around that of
// `usual_ridge` with deviation 0.5. With a vote as 0 or 1 that ridge says that log odds of experts differ by about half.
#include "engine/consensus/aggregation/conditional_logit.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <optional>
#include <string>

#include "engine/base/parallel.h"
#include "engine/consensus/aggregation/expectation.h"

namespace conclave::consensus {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr std::array ridges{50.0, 20.0, 12.0, 8.0, 5.0, 3.0, 2.0};  // from stiff to loose: each fit starts at the last one's end
constexpr double usual_ridge = 5.0;
constexpr std::size_t folds = 5;
// From choices that take so many multiplications a step (ten thousand of thirty experts) the ridge is chosen well enough.
constexpr double enough_to_choose = 1e8;
constexpr std::size_t most_values = std::size_t{1} << 27U;
constexpr int most_steps = 50;
constexpr int most_halvings = 30;
constexpr double enough_gain = 1e-9;  // per choice

// A choice with the features that any of its candidates has, and no others.
struct Dense {
  std::vector<Eigen::Index> features;
  MatrixXd values;  // candidates x those features
  VectorXd offsets;
  Eigen::Index truth = 0;
};

std::vector<Eigen::Index> features_of(const Choice& choice) {
  std::vector<Eigen::Index> all;
  for (const Candidate& candidate : choice.candidates) {
    for (const Candidate::Feature& feature : candidate.features) all.push_back(feature.index);
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

Dense dense(const Choice& choice, std::vector<Eigen::Index> features) {
  const auto candidates = static_cast<Eigen::Index>(choice.candidates.size());
  Dense out{std::move(features), {}, VectorXd(candidates), static_cast<Eigen::Index>(choice.truth)};
  assert(out.truth < candidates);
  out.values = MatrixXd::Zero(candidates, static_cast<Eigen::Index>(out.features.size()));
  for (Eigen::Index c = 0; c < candidates; ++c) {
    const Candidate& candidate = choice.candidates[static_cast<std::size_t>(c)];
    out.offsets[c] = candidate.offset;
    for (const Candidate::Feature& feature : candidate.features) {
      const auto place = std::lower_bound(out.features.begin(), out.features.end(), static_cast<Eigen::Index>(feature.index));
      out.values(c, place - out.features.begin()) += feature.value;
    }
  }
  return out;
}

std::optional<std::vector<Dense>> all_dense(std::span<const Choice> choices) {
  std::vector<Dense> out;
  out.reserve(choices.size());
  std::size_t values = 0;
  for (const Choice& choice : choices) {
    auto features = features_of(choice);
    values += (features.size() + 1) * choice.candidates.size();
    if (values > most_values) return std::nullopt;
    out.push_back(dense(choice, std::move(features)));
  }
  return out;
}

VectorXd log_probabilities(const Dense& choice, const VectorXd& weights) {
  VectorXd scores = choice.offsets;
  for (std::size_t f = 0; f < choice.features.size(); ++f) {
    scores += weights[choice.features[f]] * choice.values.col(static_cast<Eigen::Index>(f));
  }
  const double highest = scores.maxCoeff();
  scores.array() -= highest + std::log((scores.array() - highest).exp().sum());
  return scores;
}

class Fit {
 public:
  Fit(std::vector<const Dense*> choices, VectorXd centre, Job& job)
      : choices_(std::move(choices)), centre_(std::move(centre)), weights_(centre_), job_(job) {}

  // From where the last one ended.
  const VectorXd& with(const VectorXd& ridge) {
    double reached = penalised(weights_, ridge);
    for (int step = 0; step < most_steps && !job_.stopped(); ++step) {
      const VectorXd direction = newton_direction(ridge);
      double length = 1.0;
      double next = penalised(weights_ + direction, ridge);
      for (int halving = 0; halving < most_halvings && !(next > reached); ++halving) {
        length /= 2.0;
        next = penalised(weights_ + length * direction, ridge);
      }
      if (!(next > reached)) break;
      weights_ += length * direction;
      const double gain = next - reached;
      reached = next;
      if (gain < enough_gain * static_cast<double>(choices_.size())) break;
    }
    return weights_;
  }

 private:
  [[nodiscard]] double penalised(const VectorXd& weights, const VectorXd& ridge) const {
    double sum = -0.5 * (ridge.array() * (weights - centre_).array().square()).sum();
    for (const Dense* choice : choices_) sum += log_probabilities(*choice, weights)[choice->truth];
    return sum;
  }

  [[nodiscard]] VectorXd newton_direction(const VectorXd& ridge) const {
    VectorXd gradient = -(ridge.array() * (weights_ - centre_).array()).matrix();
    MatrixXd curvature = ridge.asDiagonal();
    for (const Dense* choice : choices_) {
      if (job_.stopped()) break;
      const VectorXd shares = log_probabilities(*choice, weights_).array().exp();
      const Eigen::RowVectorXd mean = shares.transpose() * choice->values;
      const MatrixXd spread = shares.cwiseSqrt().asDiagonal() * (choice->values.rowwise() - mean);
      const MatrixXd own = spread.transpose() * spread;
      const auto& features = choice->features;
      for (Eigen::Index i = 0; i < own.rows(); ++i) {
        const Eigen::Index row = features[static_cast<std::size_t>(i)];
        gradient[row] += choice->values(choice->truth, i) - mean[i];
        for (Eigen::Index j = 0; j <= i; ++j) curvature(row, features[static_cast<std::size_t>(j)]) += own(i, j);
      }
    }
    return curvature.llt().solve(gradient);  // reads the lower triangle
  }

  std::vector<const Dense*> choices_;
  VectorXd centre_;
  VectorXd weights_;
  Job& job_;
};

VectorXd ridge_of(const Shrinkage& shrinkage, double common) {
  VectorXd out(static_cast<Eigen::Index>(shrinkage.own_ridge.size()));
  for (Eigen::Index f = 0; f < out.size(); ++f) {
    const double own = shrinkage.own_ridge[static_cast<std::size_t>(f)];
    out[f] = own > 0.0 ? own : common;
  }
  return out;
}

VectorXd centre_of(const Shrinkage& shrinkage) {
  return Eigen::Map<const VectorXd>(shrinkage.centre.data(), static_cast<Eigen::Index>(shrinkage.centre.size()));
}

// By ridge the sum of log probabilities of choices in a fold that the others taught.
std::array<double, ridges.size()> score_fold(const std::vector<const Dense*>& choices, std::size_t fold,
                                             const Shrinkage& shrinkage, Job& job) {
  std::vector<const Dense*> learned;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (i % folds != fold) learned.push_back(choices[i]);
  }
  Fit fit(std::move(learned), centre_of(shrinkage), job);
  std::array<double, ridges.size()> sums{};
  for (std::size_t r = 0; r < ridges.size(); ++r) {
    const VectorXd& weights = fit.with(ridge_of(shrinkage, ridges[r]));
    for (std::size_t i = fold; i < choices.size(); i += folds) {
      sums[r] += log_probabilities(*choices[i], weights)[choices[i]->truth];
    }
  }
  return sums;
}

// Sets ridge and held_out.
void choose_ridge(const std::vector<Dense>& choices, const Shrinkage& shrinkage, Job& job, ConditionalLogit& out) {
  double work = 0.0;
  for (const Dense& choice : choices) work += static_cast<double>(choice.values.size() * choice.values.cols());
  const std::size_t step = 1 + static_cast<std::size_t>(work / enough_to_choose);
  std::vector<const Dense*> some;
  for (std::size_t i = 0; i < choices.size(); i += step) some.push_back(&choices[i]);
  std::array<std::array<double, ridges.size()>, folds> sums{};
  parallel_for(folds, [&](std::size_t fold) { sums[fold] = score_fold(some, fold, shrinkage, job); });
  std::optional<double> best;
  for (std::size_t r = 0; r < ridges.size(); ++r) {
    double likelihood = 0.0;
    for (const auto& sum : sums) likelihood += sum[r];
    const double unusual = std::log(ridges[r] / usual_ridge) / 0.5;
    const double score = likelihood - 0.5 * unusual * unusual;
    if (best && score <= *best) continue;
    best = score;
    out.ridge = ridges[r];
    out.held_out = likelihood / static_cast<double>(some.size());
  }
}

}  // namespace

Result<ConditionalLogit> fit_conditional_logit(std::span<const Choice> choices, const Shrinkage& shrinkage, Job& job) {
  assert(shrinkage.centre.size() == shrinkage.own_ridge.size());
  if (shrinkage.centre.size() > most_features) {
    return fail(ErrorKind::limit, "weights of " + std::to_string(shrinkage.centre.size()) + " features are more than the " +
                                      std::to_string(most_features) + " that are learned together");
  }
  ConditionalLogit out{shrinkage.centre, usual_ridge, 0.0};
  if (choices.empty()) return out;
  const auto all = all_dense(choices);
  if (!all) return fail(ErrorKind::limit, "the values of " + std::to_string(choices.size()) + " choices take more than 1 GiB");
  choose_ridge(*all, shrinkage, job, out);
  std::vector<const Dense*> learned;
  for (const Dense& choice : *all) learned.push_back(&choice);
  Fit fit(std::move(learned), centre_of(shrinkage), job);
  const VectorXd& weights = fit.with(ridge_of(shrinkage, out.ridge));
  if (job.stopped()) return fail_cancelled();
  out.weights.assign(weights.begin(), weights.end());
  return out;
}

std::vector<double> choice_probabilities(std::span<const Candidate> candidates, std::span<const double> weights) {
  std::vector<double> out;
  for (const Candidate& candidate : candidates) {
    double score = candidate.offset;
    for (const Candidate::Feature& feature : candidate.features) score += weights[feature.index] * feature.value;
    out.push_back(score);
  }
  if (!out.empty()) normalise_logarithms(out);
  return out;
}

}  // namespace conclave::consensus
