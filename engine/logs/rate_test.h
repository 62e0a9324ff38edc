// Whether a count changed more than chance would have it. Internal to the room.
#pragma once

#include <cstdint>
#include <vector>

namespace conclave::logs {

// G, Dunning's log-likelihood ratio, of `before` and `after` records where `scale` after for each one before are as usual.
[[nodiscard]] double g_statistic(std::uint64_t before, std::uint64_t after, double scale);
// Its probability: exact (conditional binomial, two-sided) up to 2,000 records, by the chi-squared distribution beyond.
[[nodiscard]] double change_p_value(std::uint64_t before, std::uint64_t after, double scale);
// Tail of the chi-squared distribution with one degree of freedom.
[[nodiscard]] double chi_squared_tail(double statistic);
// In the order given.
[[nodiscard]] std::vector<double> benjamini_hochberg(const std::vector<double>& p_values);

}  // namespace conclave::logs
