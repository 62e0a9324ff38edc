// The linear pool (M. Stone, "The opinion pool", 1961) is the mean of the opinions: it keeps every doubt, and is less sure than
// its members should be together. The logarithmic pool (C. Genest and J. Zidek, "Combining probability distributions",
// Statistical Science 1, 1986) is their geometric mean, raised to an exponent: 1 for experts who know all the same, more where
// each knows something of its own (V. Satopaa et al., "Combining multiple probability predictions using a simple logit model",
// 2014).
//
// The exponent is learned from items of known truth: the mode of the likelihood times a normal distribution of its logarithm
// around 0 with deviation 0.5, which a handful of items hardly moves. No opinion is taken for surer than 0.999: one expert's 0
// would veto a class against all others.
#include "engine/consensus/aggregation/opinion_pool.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/consensus/aggregation/expectation.h"

namespace conclave::consensus {
namespace {

constexpr double least_probability = 0.001;

// Rows by item, expert and opinion, so that sums do not depend on the order in which they came.
std::vector<std::size_t> canonical_order(const Opinions& opinions) {
  std::vector<std::size_t> order(opinions.items.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (opinions.items[a] != opinions.items[b]) return opinions.items[a] < opinions.items[b];
    if (opinions.experts[a] != opinions.experts[b]) return opinions.experts[a] < opinions.experts[b];
    const auto left = opinions.probabilities.row(a);
    const auto right = opinions.probabilities.row(b);
    return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end());
  });
  return order;
}

// By item the mean opinion, or the mean of the logarithms.
Grid means(const Opinions& opinions, const std::vector<std::size_t>& order, PoolKind kind) {
  Grid sums(opinions.item_count, opinions.probabilities.columns);
  std::vector<double> counts(opinions.item_count, 0.0);
  for (const std::size_t row : order) {
    const auto opinion = opinions.probabilities.row(row);
    const auto sum = sums.row(opinions.items[row]);
    counts[opinions.items[row]] += 1.0;
    for (std::size_t c = 0; c < sum.size(); ++c) {
      sum[c] += kind == PoolKind::linear ? opinion[c] : std::log(std::max(opinion[c], least_probability));
    }
  }
  for (std::size_t item = 0; item < sums.rows; ++item) {
    for (double& each : sums.row(item)) {
      if (counts[item] > 0.0) each /= counts[item];
      if (counts[item] == 0.0 && kind == PoolKind::linear) each = 1.0 / static_cast<double>(sums.columns);
    }
  }
  return sums;
}

double learned_exponent(const Grid& logarithms, std::span<const std::int32_t> truth) {
  double best = 1.0;
  double best_score = -std::numeric_limits<double>::infinity();
  std::vector<double> row;
  for (int step = -80; step <= 80; ++step) {
    const double logarithm = 0.02 * step;
    double score = -0.5 * (logarithm / 0.5) * (logarithm / 0.5);
    for (std::size_t item = 0; item < truth.size(); ++item) {
      if (truth[item] < 0) continue;
      const auto given = logarithms.row(item);
      row.assign(given.begin(), given.end());
      for (double& each : row) each *= std::exp(logarithm);
      normalise_logarithms(row);
      score += std::log(std::max(row[static_cast<std::size_t>(truth[item])], 1e-300));
    }
    if (score <= best_score) continue;
    best_score = score;
    best = std::exp(logarithm);
  }
  return best;
}

void clamp_to_truth(std::span<const std::int32_t> truth, Grid& probabilities) {
  for (std::size_t item = 0; item < truth.size(); ++item) {
    if (truth[item] < 0) continue;
    const auto row = probabilities.row(item);
    std::fill(row.begin(), row.end(), 0.0);
    row[static_cast<std::size_t>(truth[item])] = 1.0;
  }
}

}  // namespace

Verdicts pool_opinions(const Opinions& opinions, PoolKind kind) {
  const auto order = canonical_order(opinions);
  Verdicts out;
  out.probabilities = means(opinions, order, kind);
  if (kind == PoolKind::logarithmic) {
    const double exponent = learned_exponent(out.probabilities, opinions.truth);
    for (std::size_t item = 0; item < out.probabilities.rows; ++item) {
      for (double& each : out.probabilities.row(item)) each *= exponent;
      normalise_logarithms(out.probabilities.row(item));
    }
  }
  clamp_to_truth(opinions.truth, out.probabilities);
  std::vector<double> counts(opinions.expert_count, 2.0);
  out.reliability.assign(opinions.expert_count, 1.0);
  for (const std::size_t row : order) {
    const auto opinion = opinions.probabilities.row(row);
    const auto result = out.probabilities.row(opinions.items[row]);
    out.reliability[opinions.experts[row]] += std::inner_product(opinion.begin(), opinion.end(), result.begin(), 0.0);
    counts[opinions.experts[row]] += 1.0;
  }
  for (std::size_t expert = 0; expert < counts.size(); ++expert) out.reliability[expert] /= counts[expert];
  out.labels = most_probable(out.probabilities);
  return out;
}

}  // namespace conclave::consensus
