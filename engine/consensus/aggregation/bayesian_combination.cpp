// IBCC: H.-C. Kim and Z. Ghahramani, "Bayesian classifier combination", AISTATS 2012, by the variational steps of E. Simpson et
// al., "Dynamic Bayesian combination of multiple imperfect classifiers", 2013. EBCC: Y. Li, B. Rubinstein and T. Cohn,
// "Exploiting worker correlation for label aggregation in crowdsourcing", ICML 2019: each class is a mixture of kinds of items,
// and each expert has a row of its table per kind. With one kind EBCC is IBCC, so that both are one computation here.
//
// Tables and class shares have Dirichlet priors (4 labels right and 1 for each wrong class, as in the EBCC paper; 1 for each
// class; 0.1 shared by all kinds of a class). Variational Bayes alternates between the distribution of the states of the items
// and those of the tables; in place of the logarithm of an estimate stands its expectation, digamma(count) - digamma(sum), which
// is lower the less is known. The bound on the evidence is then the entropy of the states and, for each Dirichlet, the log ratio
// of the normalisers after and before. EBCC starts from shares of votes cut at random among the kinds, several times; the start
// with the best bound wins.
#include "engine/consensus/aggregation/bayesian_combination.h"

#include <cmath>

#include "engine/base/log_gamma.h"
#include "engine/base/parallel.h"
#include "engine/consensus/aggregation/random.h"

namespace conclave::consensus {
namespace {

constexpr double right_prior = 4.0;
constexpr double wrong_prior = 1.0;
constexpr double class_prior = 1.0;
constexpr double kinds_prior = 0.1;  // shared by all kinds of a class
constexpr std::uint64_t ebcc_starts = 3;

// Derivative of log gamma: recurrence up to 6, then the asymptotic series (Abramowitz & Stegun 6.3.5 and 6.3.18). x > 0.
double digamma(double x) {
  double below = 0.0;
  for (; x < 6.0; x += 1.0) below -= 1.0 / x;
  const double square = 1.0 / (x * x);
  return below + std::log(x) - 0.5 / x -
         square * (1.0 / 12 - square * (1.0 / 120 - square * (1.0 / 252 - square * (1.0 / 240 - square / 132))));
}

class Variational {
 public:
  Variational(const Crowd& crowd, std::size_t kinds) : crowd_(crowd), kinds_(kinds) {
    model_.classes = crowd.table.classes();
    model_.states = model_.classes * kinds;
    for (std::size_t said = 0; said < model_.classes; ++said) {
      for (std::size_t state = 0; state < model_.states; ++state) {
        model_.prior.push_back(said == state / kinds ? right_prior : wrong_prior);
      }
    }
    model_.log_prior.resize(model_.states);
  }

  // Once.
  Fitted<Confusions> fit(Grid start, const Stopping& stopping) {
    Fitted<Confusions> fitted{{}, std::move(start), 0, false};
    while (fitted.iterations < stopping.iterations && !fitted.converged && !crowd_.job.stopped()) {
      estimate(fitted.posterior);
      fitted.converged = expect(crowd_, model_, 0.0, fitted.posterior) < stopping.change;
      ++fitted.iterations;
    }
    estimate(fitted.posterior);
    fitted.model = std::move(model_);
    return fitted;
  }

  // Of the posterior that was last estimated from.
  [[nodiscard]] double bound(const Grid& posterior) const {
    double sum = normalisers_;
    for (const double share : posterior.values) {
      if (share > 0.0) sum -= share * std::log(share);
    }
    return sum;
  }

 private:
  void estimate(const Grid& posterior) {
    normalisers_ = 0.0;
    estimate_prior(column_sums(posterior));
    count_labels(crowd_, posterior, model_.counts);
    model_.log_likelihood.resize(model_.counts.size());
    std::vector<double> normalisers(crowd_.table.experts());
    parallel_for_pieces(normalisers.size(), 4, [&](std::size_t begin, std::size_t end) {
      if (crowd_.job.stopped()) return;
      for (std::size_t expert = begin; expert < end; ++expert) normalisers[expert] = estimate_tables(expert);
    });
    for (const double each : normalisers) normalisers_ += each;
  }

  void estimate_prior(const std::vector<double>& sums) {
    double all = 0.0;
    for (std::size_t c = 0; c < model_.classes; ++c) {
      const double own_prior = kinds_prior / static_cast<double>(kinds_);
      double of_class = 0.0;
      for (std::size_t kind = 0; kind < kinds_; ++kind) of_class += sums[c * kinds_ + kind];
      for (std::size_t kind = 0; kind < kinds_; ++kind) {
        const double count = sums[c * kinds_ + kind] + own_prior;
        model_.log_prior[c * kinds_ + kind] =
            digamma(of_class + class_prior) + (kinds_ == 1 ? 0.0 : digamma(count) - digamma(of_class + kinds_prior));
        if (kinds_ > 1) normalisers_ += log_gamma(count) - log_gamma(own_prior);
      }
      if (kinds_ > 1) normalisers_ += log_gamma(kinds_prior) - log_gamma(of_class + kinds_prior);
      normalisers_ += log_gamma(of_class + class_prior) - log_gamma(class_prior);
      all += of_class;
    }
    const double shared = digamma(all + class_prior * static_cast<double>(model_.classes));
    for (double& each : model_.log_prior) each -= shared;
  }

  double estimate_tables(std::size_t expert) {
    const std::size_t classes = model_.classes;
    const std::size_t own = expert * classes * model_.states;
    const double prior_total = right_prior + wrong_prior * static_cast<double>(classes - 1);
    double normaliser = 0.0;
    for (std::size_t state = 0; state < model_.states; ++state) {
      double total = prior_total;
      for (std::size_t said = 0; said < classes; ++said) total += model_.counts[own + said * model_.states + state];
      const double shared = digamma(total);
      for (std::size_t said = 0; said < classes; ++said) {
        const std::size_t cell = own + said * model_.states + state;
        const double prior = model_.prior[said * model_.states + state];
        model_.log_likelihood[cell] = digamma(model_.counts[cell] + prior) - shared;
        if (kinds_ > 1) normaliser += log_gamma(model_.counts[cell] + prior) - log_gamma(prior);
      }
      if (kinds_ > 1) normaliser += log_gamma(prior_total) - log_gamma(total);
    }
    return normaliser;
  }

  const Crowd& crowd_;
  std::size_t kinds_;
  Confusions model_;
  double normalisers_ = 0.0;
};

// Each share cut among the kinds by a draw from the uniform Dirichlet distribution, its own for each item and class.
Grid cut_at_random(const Grid& shares, std::size_t kinds, std::uint64_t seed) {
  Grid cut(shares.rows, shares.columns * kinds);
  parallel_for_pieces(shares.rows, 256, [&](std::size_t begin, std::size_t end) {
    for (std::size_t item = begin; item < end; ++item) {
      Random random(seed, item);
      const auto row = cut.row(item);
      for (std::size_t c = 0; c < shares.columns; ++c) {
        const auto own = row.subspan(c * kinds, kinds);
        double total = 0.0;
        for (double& part : own) total += part = -std::log(random.inside_unit());
        for (double& part : own) part *= shares.row(item)[c] / total;
      }
    }
  });
  return cut;
}

}  // namespace

Fitted<Confusions> fit_ibcc(const Crowd& crowd, const Stopping& stopping) {
  return Variational(crowd, 1).fit(vote_shares(crowd), stopping);
}

Fitted<Confusions> fit_ebcc(const Crowd& crowd, const Stopping& stopping) {
  const Grid shares = vote_shares(crowd);
  Fitted<Confusions> best;
  double best_bound = 0.0;
  for (std::uint64_t start = 0; start < ebcc_starts && !crowd.job.stopped(); ++start) {
    Variational variational(crowd, ebcc_kinds);
    auto fitted = variational.fit(cut_at_random(shares, ebcc_kinds, crowd.seed * ebcc_starts + start), stopping);
    const double bound = variational.bound(fitted.posterior);
    if (start > 0 && bound <= best_bound) continue;
    best = std::move(fitted);
    best_bound = bound;
  }
  return best;
}

}  // namespace conclave::consensus
