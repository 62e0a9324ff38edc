// What was judged teaches three things, each told by a fifth of the judged items that was left out of it:
// - the models of the pool, which take the truth for what experts err against: that is the pool itself;
// - how far to trust the pool: a power of its probabilities, drawn to 1;
// - how far to trust each expert beyond what the pool made of it, below nothing as well, and together: the conditional logit of
//   the pool's log probability and each expert's vote, drawn to the pool alone. It sees what agreement cannot show, who is right
//   against many and whose votes only repeat those of others.
// The answer is their mean, by how likely each found the truths it was not told (the posterior of three models that are equally
// likely before). With a handful of judged items that is close to the pool; each item more lets what was learned count for more.
//
// Classes that nobody gave to an item are one candidate together, divided as the pool divides them.
#include "engine/consensus/aggregation/judged_pool.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "engine/base/parallel.h"
#include "engine/consensus/aggregation/conditional_logit.h"
#include "engine/consensus/aggregation/model_pool.h"

namespace conclave::consensus {
namespace {

constexpr std::size_t folds = 5;
constexpr double pool_ridge = 10.0;
constexpr double least_probability = 1e-12;
constexpr std::uint32_t no_feature = 0;  // that of the pool, which is not an expert's

using Models = std::array<std::vector<double>, 2>;  // weights: of the pool alone, of pool and experts

std::vector<std::size_t> known_items(const Crowd& crowd) {
  std::vector<std::size_t> out;
  for (std::size_t item = 0; item < crowd.table.items(); ++item) {
    if (crowd.known(item) >= 0) out.push_back(item);
  }
  return out;
}

// By expert its feature: of as many as can be learned those that labelled most of the judged items.
std::vector<std::uint32_t> features_of_experts(const Crowd& crowd) {
  std::vector<std::size_t> judged(crowd.table.experts(), 0);
  for (std::size_t expert = 0; expert < judged.size(); ++expert) {
    for (const Mark& mark : crowd.table.of_expert(expert)) judged[expert] += crowd.known(mark.other) >= 0 ? 1 : 0;
  }
  std::vector<std::size_t> order(judged.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return judged[a] > judged[b]; });
  std::vector<std::uint32_t> features(judged.size(), no_feature);
  for (std::uint32_t f = 1; f <= std::min(order.size(), most_features - 1) && judged[order[f - 1]] > 0; ++f) {
    features[order[f - 1]] = f;
  }
  return features;
}

// Candidates of an item, and by class which of them it is.
struct Candidates {
  std::vector<Candidate> all;
  std::vector<std::size_t> of_class;
  std::size_t unsaid = 0;           // classes that the last candidate stands for; 0: each class was said
  double unsaid_probability = 0.0;  // of them together, in the pool

  // Of what is said of its candidate, the part of class `c`, which has `probability` in the pool.
  [[nodiscard]] double part_of(std::size_t c, double probability) const {
    if (unsaid == 0 || of_class[c] + 1 < all.size()) return 1.0;
    return unsaid_probability > 0.0 ? probability / unsaid_probability : 1.0 / static_cast<double>(unsaid);
  }
};

Candidate candidate_of(double probability, double classes) {
  return {{{0, std::log(std::max(probability / classes, least_probability))}}, std::log(classes)};
}

Candidates candidates_of(std::span<const Mark> marks, std::span<const double> pool, const std::vector<std::uint32_t>& features) {
  Candidates out;
  const std::size_t not_said = pool.size();
  out.of_class.assign(pool.size(), not_said);
  for (const Mark& mark : marks) {
    std::size_t& candidate = out.of_class[mark.label];
    if (candidate == not_said) {
      candidate = out.all.size();
      out.all.push_back(candidate_of(pool[mark.label], 1.0));
    }
    if (features[mark.other] != no_feature) out.all[candidate].features.push_back({features[mark.other], 1.0});
  }
  for (std::size_t c = 0; c < pool.size(); ++c) {
    if (out.of_class[c] != not_said) continue;
    out.of_class[c] = out.all.size();
    out.unsaid_probability += pool[c];
    ++out.unsaid;
  }
  if (out.unsaid > 0) out.all.push_back(candidate_of(out.unsaid_probability, static_cast<double>(out.unsaid)));
  return out;
}

// By known item the pool's opinion without having been told of it.
Result<Grid> untold(const Crowd& crowd, const std::vector<std::size_t>& known, std::size_t tables) {
  Grid out(known.size(), crowd.table.classes());
  for (std::size_t fold = 0; fold < std::min(folds, known.size()); ++fold) {
    std::vector<std::int32_t> told(crowd.truth.begin(), crowd.truth.end());
    for (std::size_t i = fold; i < known.size(); i += folds) told[known[i]] = -1;
    const Grid pool = pool_of_models({crowd.table, told, crowd.job, crowd.seed}, tables);
    if (crowd.job.stopped()) return fail_cancelled();
    for (std::size_t i = fold; i < known.size(); i += folds) {
      const auto row = pool.row(known[i]);
      std::copy(row.begin(), row.end(), out.row(i).begin());
    }
  }
  return out;
}

Shrinkage to_the_pool(std::size_t experts) {
  Shrinkage out{std::vector<double>(experts + 1, 0.0), std::vector<double>(experts + 1, 0.0)};
  out.centre[0] = 1.0;
  out.own_ridge[0] = pool_ridge;
  return out;
}

struct Learned {
  Models models;
  std::array<double, 3> shares{};  // of the pool, then of the models
};

Result<Learned> learn(const Crowd& crowd, const std::vector<std::size_t>& known, const std::vector<std::uint32_t>& features,
                      std::size_t tables) {
  const auto pool = untold(crowd, known, tables);
  if (!pool) return tl::unexpected(pool.error());
  std::vector<Choice> with_experts;
  std::vector<Choice> alone;
  Learned out;
  for (std::size_t i = 0; i < known.size(); ++i) {
    const auto truth = static_cast<std::size_t>(crowd.known(known[i]));
    out.shares[0] += std::log(std::max(pool->row(i)[truth], least_probability));
    auto candidates = candidates_of(crowd.table.of_item(known[i]), pool->row(i), features);
    with_experts.push_back({std::move(candidates.all), candidates.of_class[truth]});
    alone.push_back(with_experts.back());
    for (Candidate& candidate : alone.back().candidates) candidate.features.resize(1);
  }
  const auto judged = static_cast<double>(known.size());
  const std::size_t experts = *std::max_element(features.begin(), features.end());
  const auto calibrated = fit_conditional_logit(alone, to_the_pool(0), crowd.job);
  if (!calibrated) return tl::unexpected(calibrated.error());
  const auto weighted = fit_conditional_logit(with_experts, to_the_pool(experts), crowd.job);
  if (!weighted) return tl::unexpected(weighted.error());
  out.models = {calibrated->weights, weighted->weights};
  out.models[0].resize(experts + 1, 0.0);
  out.shares[1] = calibrated->held_out * judged;
  out.shares[2] = weighted->held_out * judged;
  normalise_logarithms(out.shares);
  return out;
}

}  // namespace

Result<Grid> judged_pool(const Crowd& crowd, std::size_t tables) {
  const auto features = features_of_experts(crowd);
  const auto learned = learn(crowd, known_items(crowd), features, tables);
  if (!learned) return tl::unexpected(learned.error());
  Grid out = pool_of_models(crowd, tables);
  parallel_for_pieces(out.rows, 256, [&](std::size_t begin, std::size_t end) {
    for (std::size_t item = begin; item < end && !crowd.job.stopped(); ++item) {
      const auto marks = crowd.table.of_item(item);
      if (crowd.known(item) >= 0 || marks.empty()) continue;
      const auto row = out.row(item);
      const auto candidates = candidates_of(marks, row, features);
      std::vector<double> chances(candidates.all.size(), 0.0);
      for (std::size_t m = 0; m < learned->models.size(); ++m) {
        const auto opinion = choice_probabilities(candidates.all, learned->models[m]);
        for (std::size_t c = 0; c < chances.size(); ++c) chances[c] += learned->shares[m + 1] * opinion[c];
      }
      for (std::size_t c = 0; c < row.size(); ++c) {
        row[c] = learned->shares[0] * row[c] + chances[candidates.of_class[c]] * candidates.part_of(c, row[c]);
      }
    }
  });
  return out;
}

}  // namespace conclave::consensus
