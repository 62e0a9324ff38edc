// The bootstrap (B. Efron, "Bootstrap methods: another look at the jackknife", Ann. Stat. 7, 1979) with whole families of
// near-copies as its units, since clones drawn one by one would look like independent witnesses, and scopes as its strata, since
// who looks elsewhere cannot stand in for who looks here (A. Davison & D. Hinkley, "Bootstrap methods and their application",
// 1997, sections 3.2 and 3.8). Each replicate draws as many families of a scope as there are, with replacement: who is drawn
// twice weighs twice, who is not drawn stayed away.
//
// Where one family alone looks, drawing says nothing of how far it is to be trusted. Its probabilities are drawn instead, from
// the Dirichlet distribution around them that has seen as many verdicts as of the family were judged, and a few (A. Gelman et
// al., "Bayesian Data Analysis", 3rd ed., section 3.4): for two labels the beta distribution of its track record, about what it
// says now.
#include "engine/consensus/confidence_interval.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <set>
#include <vector>

#include "engine/base/ids.h"
#include "engine/consensus/aggregation/random.h"
#include "engine/consensus/explanation.h"

namespace conclave::consensus {
namespace {

constexpr std::size_t replicates = 300;
constexpr std::size_t tail = 7;  // of them below and above the interval: 95 %
constexpr std::size_t fewest_families = 3;
constexpr double unjudged = 4.0;  // verdicts that an expert's own word is worth

double normal(Random& random) {  // G. Box and M. Muller, "A note on the generation of random normal deviates", 1958
  const double radius = std::sqrt(-2.0 * std::log(random.inside_unit()));
  return radius * std::cos(2.0 * std::numbers::pi * random.inside_unit());
}

// G. Marsaglia and W. Tsang, "A simple method for generating gamma variables", ACM TOMS 26, 2000.
double gamma(Random& random, double shape) {
  if (shape < 1.0) {
    const double more = gamma(random, shape + 1.0);
    return more * std::pow(random.inside_unit(), 1.0 / shape);
  }
  const double d = shape - 1.0 / 3.0;
  const double c = 1.0 / std::sqrt(9.0 * d);
  for (;;) {
    const double x = normal(random);
    const double root = 1.0 + c * x;
    if (root <= 0.0) continue;
    const double v = root * root * root;
    if (std::log(random.inside_unit()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

// Around `mean`, as sure of it as after `seen` verdicts.
std::vector<double> dirichlet(Random& random, const std::vector<double>& mean, double seen) {
  std::vector<double> out;
  double sum = 0.0;
  for (const double share : mean) {
    out.push_back(share > 0.0 ? gamma(random, seen * share) : 0.0);
    sum += out.back();
  }
  if (!(sum > 0.0)) return mean;
  for (double& share : out) share /= sum;
  return out;
}

// Those who are drawn from together: the voters of a scope or, without labels, all who answered.
struct Stratum {
  std::size_t ballot = 0;                          // whose voters they are
  std::vector<std::vector<std::size_t>> families;  // members
  double seen = unjudged;                          // verdicts, of a single family
};

class Bootstrap {
 public:
  Bootstrap(const Circle& circle, const std::map<std::string, std::size_t>& judged)
      : circle_(circle), drawn_(circle.members.size(), 0) {
    for (const std::size_t member : circle.answered) heaviest_ = std::max(heaviest_, circle.members[member].response->weight);
    if (!circle.has_labels()) strata_.push_back({0, circle.families, unjudged});
    for (std::size_t i = 0; i < circle.ballots.size(); ++i) {
      const auto& votes = circle.ballots[i].votes;
      if (votes.empty() || circle.outcomes[i].decision == Decision::unconfirmed) continue;
      Stratum stratum{i, {}, unjudged};
      for (const auto& family : circle.families) {
        std::vector<std::size_t> here;
        for (const Vote& vote : votes) {
          if (std::find(family.begin(), family.end(), vote.member) != family.end()) here.push_back(vote.member);
        }
        if (!here.empty()) stratum.families.push_back(std::move(here));
      }
      double answers = 0.0;
      for (const Vote& vote : votes) {
        const auto known = judged.find(circle.members[vote.member].name);
        if (known != judged.end()) answers = std::max(answers, static_cast<double>(known->second));
      }
      stratum.seen += answers;
      strata_.push_back(std::move(stratum));
    }
  }

  [[nodiscard]] std::size_t families() const {
    std::set<std::size_t> heard;  // by a member
    for (const auto& family : circle_.families) {
      for (const Stratum& stratum : strata_) {
        for (const auto& here : stratum.families) {
          if (std::find(family.begin(), family.end(), here.front()) != family.end()) heard.insert(family.front());
        }
      }
    }
    return heard.size();
  }

  // The range of `estimate` over replicates, widened so that it holds the estimate of the circle itself.
  template <class Estimate>
  std::pair<double, double> interval(double itself, Estimate estimate) {
    Random random(seed(), 0);
    std::vector<double> values;
    values.reserve(replicates);
    for (std::size_t i = 0; i < replicates; ++i) {
      draw(random);
      values.push_back(estimate(random));
    }
    std::sort(values.begin(), values.end());
    return {std::min(values[tail], itself), std::max(values[replicates - 1 - tail], itself)};
  }

  [[nodiscard]] double probability(std::size_t label, Random& random) const {
    std::vector<ScopeOutcome> outcomes = circle_.outcomes;
    std::vector<Vote> votes;
    for (const Stratum& stratum : strata_) {
      ScopeOutcome& outcome = outcomes[stratum.ballot];
      if (stratum.families.size() == 1) {
        outcome.probabilities = dirichlet(random, outcome.probabilities, stratum.seen);
        continue;
      }
      votes.clear();
      for (const Vote& vote : circle_.ballots[stratum.ballot].votes) {
        if (drawn_[vote.member] == 0) continue;
        votes.push_back(vote);
        votes.back().weight = vote.weight / heaviest_ * static_cast<double>(drawn_[vote.member]);
      }
      outcome = decide_scope(votes, circle_.labels);
      outcome.decision = Decision::decided;  // whoever is left is heard, confirmed or not
    }
    return case_probability(outcomes, label, circle_.labels, circle_.dependence);
  }

  [[nodiscard]] double share(const std::vector<std::size_t>& group) const {
    const auto weight = [&](std::size_t member) {
      return circle_.members[member].response->weight / heaviest_ * static_cast<double>(drawn_[member]);
    };
    double in_group = 0.0;
    double total = 0.0;
    for (const std::size_t i : group) in_group += weight(circle_.answered[i]);
    for (const std::size_t member : circle_.answered) total += weight(member);
    return in_group / total;
  }

 private:
  void draw(Random& random) {
    std::fill(drawn_.begin(), drawn_.end(), 0);
    for (const Stratum& stratum : strata_) {
      for (std::size_t i = 0; i < stratum.families.size(); ++i) {
        for (const std::size_t member : stratum.families[random.below(stratum.families.size())]) ++drawn_[member];
      }
    }
  }

  // Of names: not of labels, which may be renamed, nor of texts.
  [[nodiscard]] std::uint64_t seed() const {
    std::uint64_t hash = stable_hash({});
    for (const Stratum& stratum : strata_) {
      for (const auto& family : stratum.families) {
        for (const std::size_t member : family) hash = stable_hash(circle_.members[member].name + '\n', hash);
      }
    }
    return hash;
  }

  const Circle& circle_;
  std::vector<Stratum> strata_;
  std::vector<std::size_t> drawn_;  // by member, how often
  double heaviest_ = 0.0;
};

}  // namespace

std::optional<std::pair<double, double>> confidence_interval(const Circle& circle, const CaseOutcome& outcome,
                                                             const std::map<std::string, std::size_t>& judged) {
  if (circle.has_labels() && !outcome.label) return std::nullopt;
  Bootstrap bootstrap(circle, judged);
  if (bootstrap.families() < fewest_families) return std::nullopt;
  if (outcome.label)
    return bootstrap.interval(outcome.probability, [&](Random& random) { return bootstrap.probability(*outcome.label, random); });
  const Heaviest heaviest = heaviest_group(circle);
  return bootstrap.interval(heaviest.share, [&](Random&) { return bootstrap.share(circle.groups[heaviest.group]); });
}

}  // namespace conclave::consensus
