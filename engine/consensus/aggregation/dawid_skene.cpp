// A. P. Dawid and A. M. Skene, "Maximum likelihood estimation of observer error-rates using the EM algorithm", Applied Statistics
// 28, 1979: each expert has a table of how likely it says each label where each class is true. From vote shares to tables, from
// tables to what each item probably is, and again, until little changes. The one-coin model (as in Y. Zhang et al., "Spectral
// methods meet EM", NIPS 2014) knows only how often an expert is right, which takes far fewer labels to learn.
//
// Estimates are posterior modes rather than maxima of the likelihood: a hundredth of a label in every cell of a table keeps what
// was never seen from being impossible, and a coin begins as an expert that was right twice and wrong once. Among 1 M labels
// that changes nothing; among ten it is the difference between caution and certainty.
#include "engine/consensus/aggregation/dawid_skene.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/base/parallel.h"
#include "engine/consensus/aggregation/fused_expectation.h"

namespace conclave::consensus {
namespace {

constexpr double cell_prior = 0.01;
constexpr double class_prior = 0.01;
constexpr double coin_right = 2.0;
constexpr double coin_wrong = 1.0;

std::vector<double> log_shares(std::vector<double> counts, double prior) {
  double total = 0.0;
  for (const double count : counts) total += count + prior;
  for (double& count : counts) count = std::log((count + prior) / total);
  return counts;
}

// `labels` of the table of all experts together, row by row, and a little of everything.
void set_prior(const Crowd& crowd, double labels, Confusions& model) {
  const std::size_t cells = model.classes * model.states;
  model.prior.assign(cells, cell_prior);
  if (labels == 0.0) return;
  std::vector<double> together(cells, cell_prior);
  for (std::size_t expert = 0; expert < crowd.table.experts(); ++expert) {
    for (std::size_t cell = 0; cell < cells; ++cell) together[cell] += model.counts[expert * cells + cell];
  }
  for (std::size_t state = 0; state < model.states; ++state) {
    double total = 0.0;
    for (std::size_t said = 0; said < model.classes; ++said) total += together[said * model.states + state];
    for (std::size_t said = 0; said < model.classes; ++said) {
      model.prior[said * model.states + state] += labels * together[said * model.states + state] / total;
    }
  }
}

// From model.counts and how much of each class there is.
void estimate(const Crowd& crowd, const std::vector<double>& sums, double shared_labels, Confusions& model) {
  model.log_prior = log_shares(sums, class_prior);
  set_prior(crowd, shared_labels, model);
  model.log_likelihood.resize(model.counts.size());
  const std::size_t classes = model.classes;
  parallel_for_pieces(crowd.table.experts(), 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t expert = begin; expert < end; ++expert) {
      const std::size_t own = expert * classes * classes;
      for (std::size_t state = 0; state < classes; ++state) {
        double total = 0.0;
        for (std::size_t cell = state; cell < classes * classes; cell += classes)
          total += model.counts[own + cell] + model.prior[cell];
        for (std::size_t cell = state; cell < classes * classes; cell += classes) {
          model.log_likelihood[own + cell] = std::log((model.counts[own + cell] + model.prior[cell]) / total);
        }
      }
    }
  });
}

Coins new_coins(const Crowd& crowd) {
  Coins model;
  model.classes = model.states = crowd.table.classes();
  model.right_prior = coin_right;
  model.wrong_prior = coin_wrong;
  model.right.resize(crowd.table.experts());
  model.labels.resize(crowd.table.experts());
  model.log_odds.resize(crowd.table.experts());
  return model;
}

void set_odds(std::size_t expert, Coins& model) {
  const auto wrong_classes = static_cast<double>(std::max<std::size_t>(model.classes, 2) - 1);
  const double accuracy = model.accuracy(model.right[expert], model.labels[expert]);
  model.log_odds[expert] = std::log(accuracy * wrong_classes / (1.0 - accuracy));
}

void estimate(const Crowd& crowd, const Grid& posterior, Coins& model) {
  model.log_prior = log_shares(column_sums(posterior), class_prior);
  parallel_for_pieces(crowd.table.experts(), 64, [&](std::size_t begin, std::size_t end) {
    for (std::size_t expert = begin; expert < end; ++expert) {
      const auto marks = crowd.table.of_expert(expert);
      model.right[expert] = 0.0;
      for (const Mark& mark : marks) model.right[expert] += posterior.row(mark.other)[mark.label];
      model.labels[expert] = static_cast<double>(marks.size());
      set_odds(expert, model);
    }
  });
}

template <class Model, class Step>
Fitted<Model> iterate(const Crowd& crowd, Model model, const Stopping& stopping, const Step& step) {
  Fitted<Model> fitted{std::move(model), vote_shares(crowd), 0, false};
  while (fitted.iterations < stopping.iterations && !fitted.converged && !crowd.job.stopped()) {
    fitted.converged = step(fitted.model, fitted.posterior) < stopping.change;
    ++fitted.iterations;
  }
  return fitted;
}

}  // namespace

Fitted<Confusions> fit_dawid_skene(const Crowd& crowd, double shared_labels, const Stopping& stopping) {
  Confusions model;
  model.classes = model.states = crowd.table.classes();
  auto fused = FusedExpectation::of(crowd);
  std::vector<double> counts;  // of the posterior that the last step gave, if it has counted
  std::vector<double> sums;
  return iterate(crowd, std::move(model), stopping, [&](Confusions& each, Grid& posterior) {
    if (sums.empty() || !fused) {
      count_labels(crowd, posterior, counts);
      sums = column_sums(posterior);
    }
    std::swap(each.counts, counts);
    estimate(crowd, sums, shared_labels, each);
    return fused ? (*fused)(each, posterior, counts, sums) : expect(crowd, each, 0.0, posterior);
  });
}

Fitted<Coins> fit_one_coin(const Crowd& crowd, const Stopping& stopping) {
  return iterate(crowd, new_coins(crowd), stopping, [&](Coins& each, Grid& posterior) {
    estimate(crowd, posterior, each);
    return expect(crowd, each, 0.0, posterior);
  });
}

Coins coins_of_known_items(const Crowd& crowd) {
  Coins coins = new_coins(crowd);
  coins.log_prior.assign(coins.states, 0.0);
  for (std::size_t expert = 0; expert < crowd.table.experts(); ++expert) {
    for (const Mark& mark : crowd.table.of_expert(expert)) {
      const std::int32_t known = crowd.known(mark.other);
      if (known < 0) continue;
      coins.labels[expert] += 1.0;
      coins.right[expert] += static_cast<std::size_t>(known) == mark.label ? 1.0 : 0.0;
    }
    set_odds(expert, coins);
  }
  return coins;
}

}  // namespace conclave::consensus
