// No model of experts is best on every set of labels, and each alone can be badly wrong: Dawid-Skene where experts gave few
// labels, one coin where they favour a class, counting where a few are much better than the rest (Y. Zheng et al., "Truth
// inference in crowdsourcing: is the problem solved?", VLDB 2017). So five opinions are averaged (M. Stone, "The opinion pool",
// 1961): shares of votes, Wawa's shares, and three models that differ in how much they let experts differ: a table of errors for
// each, a table drawn towards that of all experts together, and one coin for each.
//
// Models believe that experts err independently, which they do not, and so are too sure. Each is tempered: the labels of an
// item are worth n / (1 + (n - 1) rho) of them, with the rho under which a label is best predicted from the others of its item,
// leaving out what the item taught (expectation.h). That needs no truth. The same likelihood divides the three models' share
// among them: as if the labels of one more average item had been seen, so that a model that does not fit fades and none is chosen
// alone. At last a hundredth is shared by all classes: no unanimity of strangers is a certainty.
//
// Where no item has two labels there is no agreement to learn from; then experts are taken for right twice of three times, and
// what is known of the truth moves that.
#include "engine/consensus/aggregation/model_pool.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/consensus/aggregation/dawid_skene.h"
#include "engine/consensus/aggregation/voting_rules.h"

namespace conclave::consensus {
namespace {

constexpr std::array rhos{0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0};
constexpr double shared_labels = 10.0;
constexpr double doubt = 0.01;
constexpr Stopping stopping{1e-3, 100};  // nobody sees the models themselves

struct Opinion {
  Grid probabilities;
  double held_out = 0.0;
};

template <class Model>
Opinion tempered(const Crowd& crowd, Fitted<Model> fitted) {
  const std::vector<double> scores = held_out(crowd, fitted.model, fitted.posterior, rhos);
  const auto best = std::max_element(scores.begin(), scores.end());
  expect(crowd, fitted.model, rhos[static_cast<std::size_t>(best - scores.begin())], fitted.posterior);
  return {std::move(fitted.posterior), *best};
}

void add(const Grid& opinion, double weight, Grid& pool) {
  for (std::size_t i = 0; i < pool.values.size(); ++i) pool.values[i] += weight * opinion.values[i];
}

bool any_agreement(const LabelTable& table) {
  for (std::size_t item = 0; item < table.items(); ++item) {
    if (table.of_item(item).size() > 1) return true;
  }
  return false;
}

Grid doubted(const Crowd& crowd, Grid pool) {
  for (std::size_t item = 0; item < pool.rows; ++item) {
    const auto row = pool.row(item);
    if (const std::int32_t known = crowd.known(item); known >= 0) {
      row[static_cast<std::size_t>(known)] = 1.0;  // the sum of weights may miss it by rounding
      continue;
    }
    for (double& share : row) share = (1.0 - doubt) * share + doubt / static_cast<double>(pool.columns);
  }
  return pool;
}

}  // namespace

Grid pool_of_models(const Crowd& crowd, std::size_t tables) {
  const LabelTable& table = crowd.table;
  if (!any_agreement(table)) {
    const Coins coins = coins_of_known_items(crowd);
    Grid posterior(table.items(), table.classes());
    expect(crowd, coins, 0.0, posterior);
    return posterior;
  }
  std::vector<Opinion> models;
  models.push_back(tempered(crowd, fit_one_coin(crowd, stopping)));
  if (table.classes() <= tables / (table.experts() * table.classes())) {
    models.push_back(tempered(crowd, fit_dawid_skene(crowd, 0.0, stopping)));
    models.push_back(tempered(crowd, fit_dawid_skene(crowd, shared_labels, stopping)));
  }
  const double best = std::max_element(models.begin(), models.end(), [](const auto& a, const auto& b) {
                        return a.held_out < b.held_out;
                      })->held_out;
  const double labels_of_an_item = static_cast<double>(table.marks()) / static_cast<double>(table.items());
  double total = 0.0;
  for (const Opinion& model : models) total += std::exp((model.held_out - best) * labels_of_an_item);

  const auto opinions = static_cast<double>(models.size() + 2);
  Grid pool(table.items(), table.classes());
  add(vote_shares(crowd), 1.0 / opinions, pool);
  add(wawa_shares(crowd), 1.0 / opinions, pool);
  for (const Opinion& model : models) {
    const double weight = std::exp((model.held_out - best) * labels_of_an_item) / total;
    add(model.probabilities, weight * static_cast<double>(models.size()) / opinions, pool);
  }
  return doubted(crowd, std::move(pool));
}

}  // namespace conclave::consensus
