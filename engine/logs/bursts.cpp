// Bursts: the automaton of two states of Kleinberg (Bursty and Hierarchical Structure in Streams, KDD 2002) over counts per
// bucket. In the usual state a bucket holds a Poisson number with the template's mean, in the burst three times as many; it costs
// ln(buckets) to enter the burst and nothing to leave. The cheapest sequence of states, by dynamic programming, says where bursts
// were; their weight is what they saved. Silences: at a mean of m records per bucket k empty buckets in a row have the
// probability exp(-m k) (Poisson), times the number of places where they could begin (Bonferroni).
#include "engine/logs/bursts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace conclave::logs {
namespace {

constexpr double burst_factor = 3;

// Cost of a count in a state, without what both states share.
double cost(std::uint32_t count, double mean) { return mean - count * std::log(mean); }

}  // namespace

std::vector<BucketBurst> find_bursts(std::span<const std::uint32_t> counts) {
  std::vector<BucketBurst> bursts;
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  if (counts.size() < 2 || total == 0) return bursts;
  const double usual = total / static_cast<double>(counts.size());
  const double enter = std::log(static_cast<double>(counts.size()));
  std::array<double, 2> costs = {0, enter};
  std::vector<std::array<bool, 2>> from(counts.size());  // whether the bucket before was in the burst, for each state of this one
  for (std::size_t i = 0; i < counts.size(); ++i) {
    from[i] = {costs[1]<costs[0], i> 0 && costs[1] <= costs[0] + enter};
    const double low = std::min(costs[0], costs[1]);
    const double high = i == 0 ? costs[1] : std::min(costs[0] + enter, costs[1]);
    costs = {low + cost(counts[i], usual), high + cost(counts[i], usual * burst_factor)};
  }
  bool in_burst = costs[1] < costs[0];
  for (std::size_t i = counts.size(); i-- > 0;) {
    if (in_burst) {
      if (bursts.empty() || bursts.back().first != i + 1) bursts.push_back({i, i + 1, 0});
      bursts.back().first = i;
      bursts.back().weight += cost(counts[i], usual) - cost(counts[i], usual * burst_factor);
    }
    in_burst = from[i][in_burst ? 1 : 0];
  }
  std::reverse(bursts.begin(), bursts.end());
  return bursts;
}

BucketSilence find_silence(std::span<const std::uint32_t> counts) {
  BucketSilence longest;
  const auto begin = std::find_if(counts.begin(), counts.end(), [](std::uint32_t count) { return count > 0; });
  std::size_t start = 0;
  std::size_t run = 0;
  for (auto i = static_cast<std::size_t>(begin - counts.begin()); i < counts.size(); ++i) {
    run = counts[i] == 0 ? run + 1 : 0;
    if (run == 1) start = i;
    if (run > longest.last - longest.first) longest = {start, i + 1, 1};
  }
  if (longest.first == longest.last) return longest;
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  const double mean = total / static_cast<double>(std::max<std::size_t>(counts.size(), 1));
  const auto size = static_cast<double>(longest.last - longest.first);
  longest.p_value = std::min(1.0, static_cast<double>(counts.size()) * std::exp(-mean * size));
  return longest;
}

}  // namespace conclave::logs
