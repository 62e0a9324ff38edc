// Two questions are kept apart: what do the experts say, and how sure may one be?
//
// The verdict is a vote. Confidence is the expert's own word, uncalibrated until verdicts have been judged, so it may tip a
// balance but never outshout: a vote counts between 0.51 and 1 (times the weight), hence a single expert at 1.0 loses to any two
// at 0.0.
//
// The probability is a linear opinion pool (M. Stone, "The opinion pool", Ann. Math. Stat. 32, 1961): each voter puts
// 0.5 + 0.49 * confidence on its own label and spreads the rest, over ordered labels in proportion to 1 / (1 + distance), since
// who errs by one step errs more often than who errs by two. It never reaches 0 or 1: no unanimity of strangers is a certainty.
//
// Across scopes of an ordered question faults are ways to be bad: the case is at least as good as k if every scope is. Unless
// judged reports taught otherwise (reliability/dependence.h), they are independent ways.
#include "engine/consensus/voting.h"

#include <algorithm>
#include <cmath>

namespace conclave::consensus {
namespace {

constexpr double tolerance = 1e-12;

std::vector<double> distribution(const Vote& vote, const Labels& labels) {
  const std::size_t n = labels.names.size();
  if (!vote.probabilities.empty()) return vote.probabilities;
  std::vector<double> out(n, 0.0);
  if (n == 1) return {1.0};
  double total = 0.0;
  for (std::size_t k = 0; k < n; ++k) {
    if (k == vote.label) continue;
    const std::size_t distance = k > vote.label ? k - vote.label : vote.label - k;
    out[k] = labels.ordered ? 1.0 / (1.0 + static_cast<double>(distance)) : 1.0;
    total += out[k];
  }
  const double own = 0.5 + 0.49 * vote.confidence;
  for (double& share : out) share *= (1.0 - own) / total;
  out[vote.label] = own;
  return out;
}

// Probability that every scope is at least as good as `label`. Scopes without votes or without confirmation say nothing.
double at_least_as_good(std::span<const ScopeOutcome> scopes, std::size_t label, Dependence dependence) {
  std::vector<double> good;
  for (const ScopeOutcome& scope : scopes) {
    if (scope.decision == Decision::no_votes || scope.decision == Decision::unconfirmed) continue;
    double sum = 0.0;
    for (std::size_t k = 0; k <= label; ++k) sum += scope.probabilities[k];
    good.push_back(std::min(sum, 1.0));
  }
  return all_good(good, dependence);
}

}  // namespace

ScopeOutcome decide_scope(std::span<const Vote> votes, const Labels& labels) {
  const std::size_t n = labels.names.size();
  ScopeOutcome out;
  if (votes.empty()) {
    out.probabilities.assign(n, 1.0 / static_cast<double>(n));
    return out;
  }
  // Relative to the heaviest, so that no finite weights can overflow.
  double heaviest = 0.0;
  for (const Vote& vote : votes) heaviest = std::max(heaviest, vote.weight);
  std::vector<double> support(n, 0.0);
  out.probabilities.assign(n, 0.0);
  double total = 0.0;
  for (const Vote& vote : votes) {
    const double weight = vote.weight / heaviest;
    const double strength = weight * (0.51 + 0.49 * vote.confidence);
    if (vote.support.empty()) support[vote.label] += strength;
    for (std::size_t k = 0; k < vote.support.size(); ++k) support[k] += strength * vote.support[k];
    const std::vector<double> opinion = distribution(vote, labels);
    for (std::size_t k = 0; k < n; ++k) out.probabilities[k] += weight * opinion[k];
    total += weight;
  }
  for (double& probability : out.probabilities) probability /= total;

  const auto best = std::max_element(support.begin(), support.end());
  out.label = static_cast<std::size_t>(best - support.begin());
  const auto equals = std::count_if(support.begin(), support.end(), [&](double s) { return s >= *best - tolerance * total; });
  if (equals > 1) {
    out.decision = Decision::tie;
  } else if (votes.size() == 1 && !labels.passing[out.label] && !votes.front().proven) {
    out.decision = Decision::unconfirmed;
  } else {
    out.decision = Decision::decided;
  }
  return out;
}

double all_good(std::span<const double> good, Dependence dependence) {
  double product = 1.0;
  double least = 1.0;
  for (const double probability : good) {
    product *= probability;
    least = std::min(least, probability);
  }
  return dependence > 0.0 ? std::pow(product, 1.0 - dependence) * std::pow(least, dependence) : product;
}

double case_probability(std::span<const ScopeOutcome> scopes, std::size_t label, const Labels& labels, Dependence dependence) {
  if (!labels.ordered) return scopes.empty() ? 0.0 : scopes.front().probabilities[label];
  if (labels.passing[label] || label == 0) return at_least_as_good(scopes, label, dependence);
  return 1.0 - at_least_as_good(scopes, label - 1, dependence);
}

CaseOutcome decide_case(std::span<const ScopeOutcome> scopes, const Labels& labels, Dependence dependence) {
  CaseOutcome out;
  for (const ScopeOutcome& scope : scopes) {
    if (scope.decision == Decision::tie) out.contested = true;
    if (scope.decision == Decision::decided) out.label = std::max(out.label.value_or(0), scope.label);
  }
  if (out.label) out.probability = case_probability(scopes, *out.label, labels, dependence);
  return out;
}

}  // namespace conclave::consensus
