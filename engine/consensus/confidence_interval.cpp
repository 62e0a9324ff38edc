// The bootstrap (B. Efron, "Bootstrap methods: another look at the jackknife", Ann. Stat. 7, 1979) with whole families of
// near-copies as its units, since clones drawn one by one would look like independent witnesses (A. Davison & D. Hinkley,
// "Bootstrap methods and their application", 1997, section 3.8). Each replicate draws as many families as there are, with
// replacement; who is drawn twice weighs twice, who is not drawn stayed away, and a scope that loses all its voters says nothing.
#include "engine/consensus/confidence_interval.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/base/ids.h"
#include "engine/consensus/aggregation/random.h"
#include "engine/consensus/explanation.h"

namespace conclave::consensus {
namespace {

constexpr std::size_t replicates = 300;
constexpr std::size_t tail = 7;  // of them below and above the interval: 95 %
constexpr std::size_t fewest_families = 3;

class Bootstrap {
 public:
  explicit Bootstrap(const Circle& circle) : circle_(circle), drawn_(circle.members.size(), 0) {
    std::vector<bool> counts(circle.members.size(), !circle.has_labels());
    for (std::size_t i = 0; i < circle.ballots.size(); ++i) {
      if (circle.outcomes[i].decision == Decision::unconfirmed) continue;
      for (const Vote& vote : circle.ballots[i].votes) counts[vote.member] = true;
    }
    for (const std::size_t member : circle.answered) heaviest_ = std::max(heaviest_, circle.members[member].response->weight);
    for (std::size_t f = 0; f < circle.families.size(); ++f) {
      if (counts[circle.families[f].front()]) families_.push_back(f);
    }
  }

  [[nodiscard]] std::size_t families() const { return families_.size(); }

  // The range of `estimate` over replicates, widened so that it holds the estimate of the circle itself.
  template <class Estimate>
  std::pair<double, double> interval(double itself, Estimate estimate) {
    Random random(seed(), 0);
    std::vector<double> values;
    values.reserve(replicates);
    for (std::size_t i = 0; i < replicates; ++i) {
      draw(random);
      values.push_back(estimate());
    }
    std::sort(values.begin(), values.end());
    return {std::min(values[tail], itself), std::max(values[replicates - 1 - tail], itself)};
  }

  [[nodiscard]] double probability(std::size_t label) const {
    std::vector<ScopeOutcome> outcomes = circle_.outcomes;
    std::vector<Vote> votes;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (outcomes[i].decision == Decision::unconfirmed) continue;
      votes.clear();
      for (const Vote& vote : circle_.ballots[i].votes) {
        if (drawn_[vote.member] == 0) continue;
        votes.push_back(vote);
        votes.back().weight = drawn_weight(vote.member);
      }
      outcomes[i] = decide_scope(votes, circle_.labels);
      if (!votes.empty()) outcomes[i].decision = Decision::decided;  // whoever is left is heard, confirmed or not
    }
    return case_probability(outcomes, label, circle_.labels);
  }

  [[nodiscard]] double share(const std::vector<std::size_t>& group) const {
    double in_group = 0.0;
    double total = 0.0;
    for (const std::size_t i : group) in_group += drawn_weight(circle_.answered[i]);
    for (const std::size_t member : circle_.answered) total += drawn_weight(member);
    return in_group / total;
  }

 private:
  // Relative to the heaviest, so that no finite weights can overflow.
  [[nodiscard]] double drawn_weight(std::size_t member) const {
    return circle_.members[member].response->weight / heaviest_ * static_cast<double>(drawn_[member]);
  }

  void draw(Random& random) {
    std::fill(drawn_.begin(), drawn_.end(), 0);
    for (std::size_t i = 0; i < families_.size(); ++i) {
      for (const std::size_t member : circle_.families[families_[random.below(families_.size())]]) ++drawn_[member];
    }
  }

  // Of names: not of labels, which may be renamed, nor of texts.
  [[nodiscard]] std::uint64_t seed() const {
    std::uint64_t hash = stable_hash({});
    for (const std::size_t family : families_) {
      for (const std::size_t member : circle_.families[family]) hash = stable_hash(circle_.members[member].name + '\n', hash);
    }
    return hash;
  }

  const Circle& circle_;
  std::vector<std::size_t> families_;  // of the circle's, those that are heard
  std::vector<std::size_t> drawn_;     // by member, how often
  double heaviest_ = 0.0;
};

}  // namespace

std::optional<std::pair<double, double>> confidence_interval(const Circle& circle, const CaseOutcome& outcome) {
  if (circle.has_labels() && !outcome.label) return std::nullopt;
  Bootstrap bootstrap(circle);
  if (bootstrap.families() < fewest_families) return std::nullopt;
  if (outcome.label) return bootstrap.interval(outcome.probability, [&] { return bootstrap.probability(*outcome.label); });
  const Heaviest heaviest = heaviest_group(circle);
  return bootstrap.interval(heaviest.share, [&] { return bootstrap.share(circle.groups[heaviest.group]); });
}

}  // namespace conclave::consensus
