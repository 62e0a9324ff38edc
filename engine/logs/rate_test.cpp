// Two Poisson counts have the same rate if, of their sum, the second is binomial with the share of its exposure (Przyborowski and
// Wilenski, Biometrika 1940). G is twice the logarithm of how much likelier the shares that were seen make the counts (Dunning,
// Computational Linguistics 1993). Of many tests some are small by chance: what Benjamini and Hochberg (JRSS B 1995) make of
// p-values bounds the share of false ones among those that are believed.
#include "engine/logs/rate_test.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/base/log_gamma.h"

namespace conclave::logs {
namespace {

constexpr std::uint64_t most_exact = 2000;

double log_binomial(std::uint64_t n, std::uint64_t k, double share) {
  const auto count = static_cast<double>(n);
  const auto hits = static_cast<double>(k);
  return log_gamma(count + 1) - log_gamma(hits + 1) - log_gamma(count - hits + 1) + hits * std::log(share) +
         (count - hits) * std::log1p(-share);
}

}  // namespace

double g_statistic(std::uint64_t before, std::uint64_t after, double scale) {
  const auto total = static_cast<double>(before + after);
  const double share = scale / (1 + scale);
  const auto term = [](std::uint64_t seen, double expected) {
    return seen == 0 ? 0.0 : static_cast<double>(seen) * std::log(static_cast<double>(seen) / expected);
  };
  return std::max(0.0, 2 * (term(after, total * share) + term(before, total * (1 - share))));
}

double chi_squared_tail(double statistic) { return std::erfc(std::sqrt(statistic / 2)); }

double change_p_value(std::uint64_t before, std::uint64_t after, double scale) {
  const std::uint64_t total = before + after;
  if (total > most_exact) return chi_squared_tail(g_statistic(before, after, scale));
  const double share = scale / (1 + scale);
  constexpr double rounding = 1e-7;
  const double seen = log_binomial(total, after, share) + rounding;
  double sum = 0;
  for (std::uint64_t k = 0; k <= total; ++k) {
    const double each = log_binomial(total, k, share);
    if (each <= seen) sum += std::exp(each);
  }
  return std::min(1.0, sum);
}

std::vector<double> benjamini_hochberg(const std::vector<double>& p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> corrected(p_values.size());
  double least = 1;
  for (std::size_t rank = order.size(); rank-- > 0;) {
    least = std::min(least, p_values[order[rank]] * static_cast<double>(order.size()) / static_cast<double>(rank + 1));
    corrected[order[rank]] = least;
  }
  return corrected;
}

}  // namespace conclave::logs
