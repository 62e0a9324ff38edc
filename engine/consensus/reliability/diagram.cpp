// The reliability diagram (A. H. Murphy & R. L. Winkler, "Reliability of subjective probability forecasts of precipitation and
// temperature", Applied Statistics 26, 1977) with the exact interval of a share in each bin (C. J. Clopper & E. S. Pearson,
// Biometrika 26, 1934), whose bounds are quantiles of beta distributions.
#include "engine/consensus/reliability/diagram.h"

#include <algorithm>

#include "engine/consensus/reliability/track_record.h"

namespace conclave::consensus {
namespace {

constexpr std::size_t few_bins = 5;
constexpr std::size_t many_bins = 10;
constexpr std::size_t least_for_many = 100;

}  // namespace

std::map<std::string, std::vector<JudgedVerdict>> judged_answers(std::span<const Lesson> lessons) {
  std::map<std::string, std::vector<JudgedVerdict>> answers;
  for (const JudgedScope& judged : judged_scopes(lessons)) {
    for (const Opinion* vote : judged.votes) {
      const std::size_t label = judged.label_of(*vote);
      const bool right = judged.truth() == label;
      if (right || !judged.possible[label]) answers[vote->expert].push_back({vote->confidence, right});
    }
  }
  return answers;
}

std::pair<double, double> share_interval(std::size_t held, std::size_t count) {
  const auto h = static_cast<double>(held);
  const auto n = static_cast<double>(count);
  return {held == 0 ? 0.0 : beta_quantile(0.025, h, n - h + 1.0), held == count ? 1.0 : beta_quantile(0.975, h + 1.0, n - h)};
}

std::vector<ReliabilityBin> reliability_diagram(std::span<const JudgedVerdict> verdicts) {
  std::vector<JudgedVerdict> sorted(verdicts.begin(), verdicts.end());
  std::sort(sorted.begin(), sorted.end(), [](const JudgedVerdict& a, const JudgedVerdict& b) {
    return std::pair(a.confidence, a.held) < std::pair(b.confidence, b.held);
  });
  const std::size_t bins = sorted.size() < least_for_many ? few_bins : many_bins;
  const auto bound = [bins](std::size_t bin) { return static_cast<double>(bin) / static_cast<double>(bins); };
  std::vector<ReliabilityBin> out;
  auto next = sorted.begin();
  for (std::size_t bin = 0; bin < bins; ++bin) {
    ReliabilityBin each{bound(bin), bound(bin + 1)};
    for (; next != sorted.end() && (bin + 1 == bins || next->confidence < each.to); ++next) {
      ++each.count;
      each.held += next->held ? 1 : 0;
      each.confidence += next->confidence;
    }
    if (each.count == 0) continue;
    each.confidence /= static_cast<double>(each.count);
    each.interval = share_interval(each.held, each.count);
    out.push_back(each);
  }
  return out;
}

}  // namespace conclave::consensus
