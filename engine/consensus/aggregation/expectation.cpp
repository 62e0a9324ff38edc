#include "engine/consensus/aggregation/expectation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/base/parallel.h"

namespace conclave::consensus {
namespace {

constexpr double impossible = -std::numeric_limits<double>::infinity();
// Items are taken in pieces of this size, and what comes from the pieces is added in their order.
constexpr std::size_t piece_size = 1024;

double worth(double rho, std::size_t labels) { return labels < 2 ? 1.0 : 1.0 / (1.0 + static_cast<double>(labels - 1) * rho); }

// body(begin, end) for pieces of a fixed size; the sum of what it returns, always added in the same order.
template <class Body>
double sum_over_pieces(std::size_t count, const Body& body) {
  std::vector<double> sums((count + piece_size - 1) / piece_size, 0.0);
  parallel_for(sums.size(),
               [&](std::size_t piece) { sums[piece] = body(piece * piece_size, std::min(count, (piece + 1) * piece_size)); });
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

void forbid_other_classes(std::int32_t known, std::size_t states_per_class, std::span<double> scores) {
  if (known < 0) return;
  const std::size_t first = static_cast<std::size_t>(known) * states_per_class;
  for (std::size_t state = 0; state < scores.size(); ++state) {
    if (state < first || state >= first + states_per_class) scores[state] = impossible;
  }
}

// With a number of states that the compiler knows the loops over them are unrolled.
template <std::size_t Known>
void add_labels(const Confusions& model, std::span<const Mark> marks, double* scores) {
  const std::size_t states = Known == 0 ? model.states : Known;
  for (const Mark& mark : marks) {
    const double* const likelihood = model.of(mark);
    for (std::size_t state = 0; state < states; ++state) scores[state] += likelihood[state];
  }
}

void add_labels(const Confusions& model, std::span<const Mark> marks, std::span<double> scores) {
  switch (model.states) {
    case 2:
      return add_labels<2>(model, marks, scores.data());
    case 3:
      return add_labels<3>(model, marks, scores.data());
    case 4:
      return add_labels<4>(model, marks, scores.data());
    default:
      return add_labels<0>(model, marks, scores.data());
  }
}

// Rows of the posterior lie far apart; they are asked for some labels before they are needed.
template <std::size_t Known>
void count_labels_of(std::span<const Mark> marks, const Grid& posterior, double* counts) {
  constexpr std::size_t ahead = 12;
  const std::size_t states = Known == 0 ? posterior.columns : Known;
  for (std::size_t m = 0; m < marks.size(); ++m) {
    __builtin_prefetch(&posterior.values[marks[std::min(m + ahead, marks.size() - 1)].other * states]);
    const double* const row = &posterior.values[marks[m].other * states];
    double* const said = counts + marks[m].label * states;
    for (std::size_t state = 0; state < states; ++state) said[state] += row[state];
  }
}

void count_labels_of(std::span<const Mark> marks, const Grid& posterior, double* counts) {
  switch (posterior.columns) {
    case 2:
      return count_labels_of<2>(marks, posterior, counts);
    case 3:
      return count_labels_of<3>(marks, posterior, counts);
    case 4:
      return count_labels_of<4>(marks, posterior, counts);
    default:
      return count_labels_of<0>(marks, posterior, counts);
  }
}

void add_labels(const Coins& model, std::span<const Mark> marks, std::span<double> scores) {
  for (const Mark& mark : marks) scores[mark.label] += model.log_odds[mark.other];
}

template <class Model>
double expect_all(const Crowd& crowd, const Model& model, double rho, Grid& posterior) {
  const double change = sum_over_pieces(crowd.table.items(), [&](std::size_t begin, std::size_t end) {
    double changed = 0.0;
    if (crowd.job.stopped()) return changed;
    std::vector<double> scores(model.states);
    for (std::size_t item = begin; item < end; ++item) {
      const auto marks = crowd.table.of_item(item);
      std::fill(scores.begin(), scores.end(), 0.0);
      add_labels(model, marks, std::span(scores));
      const double times = worth(rho, marks.size());
      for (std::size_t state = 0; state < scores.size(); ++state) scores[state] = model.log_prior[state] + times * scores[state];
      forbid_other_classes(crowd.known(item), model.states / model.classes, scores);
      normalise_logarithms(scores);
      const auto row = posterior.row(item);
      for (std::size_t state = 0; state < scores.size(); ++state) {
        changed += std::abs(scores[state] - row[state]);
        row[state] = scores[state];
      }
    }
    return changed;
  });
  return crowd.table.items() == 0 ? 0.0 : 0.5 * change / static_cast<double>(crowd.table.items());
}

// The logarithm of how likely each label of the item is after the others, for each rho.
template <class Model>
void add_surprises(const Crowd& crowd, const Model& model, const Grid& posterior, std::size_t item, std::span<const double> rhos,
                   std::vector<double>& sums) {
  const auto marks = crowd.table.of_item(item);
  if (marks.size() < 2) return;
  Grid likelihoods(marks.size(), model.states);
  Grid logarithms(marks.size(), model.states);
  std::vector<double> all(model.states, 0.0);
  for (std::size_t m = 0; m < marks.size(); ++m) {
    model.likelihood_without(marks[m], posterior.row(item), likelihoods.row(m));
    for (std::size_t state = 0; state < model.states; ++state) {
      all[state] += logarithms.row(m)[state] = std::log(likelihoods.row(m)[state]);
    }
  }
  std::vector<double> others(model.states);
  for (std::size_t r = 0; r < rhos.size(); ++r) {
    const double times = worth(rhos[r], marks.size() - 1);
    for (std::size_t m = 0; m < marks.size(); ++m) {
      for (std::size_t state = 0; state < model.states; ++state) {
        others[state] = model.log_prior[state] + times * (all[state] - logarithms.row(m)[state]);
      }
      forbid_other_classes(crowd.known(item), model.states / model.classes, others);
      normalise_logarithms(others);
      sums[r] += std::log(std::inner_product(others.begin(), others.end(), likelihoods.row(m).begin(), 0.0));
    }
  }
}

template <class Model>
std::vector<double> held_out_of(const Crowd& crowd, const Model& model, const Grid& posterior, std::span<const double> rhos) {
  constexpr std::size_t enough_labels = 50'000;
  const std::size_t step = 1 + crowd.table.marks() / enough_labels;
  const std::size_t items = (crowd.table.items() + step - 1) / step;
  std::vector<std::vector<double>> sums((items + piece_size - 1) / piece_size, std::vector<double>(rhos.size(), 0.0));
  parallel_for(sums.size(), [&](std::size_t piece) {
    for (std::size_t i = piece * piece_size; i < std::min(items, (piece + 1) * piece_size); ++i) {
      if (crowd.job.stopped()) return;
      add_surprises(crowd, model, posterior, i * step, rhos, sums[piece]);
    }
  });
  std::size_t labels = 0;
  for (std::size_t i = 0; i < items; ++i) {
    const std::size_t own = crowd.table.of_item(i * step).size();
    labels += own < 2 ? 0 : own;
  }
  std::vector<double> mean(rhos.size(), 0.0);
  for (const auto& sum : sums) {
    for (std::size_t r = 0; r < rhos.size(); ++r) mean[r] += sum[r] / static_cast<double>(std::max<std::size_t>(labels, 1));
  }
  return mean;
}

}  // namespace

void normalise_logarithms(std::span<double> scores) {
  const double highest = *std::max_element(scores.begin(), scores.end());
  double total = 0.0;
  for (double& score : scores) {
    score = score == highest ? 1.0 : std::exp(score - highest);
    total += score;
  }
  for (double& score : scores) score /= total;
}

void Confusions::likelihood_without(const Mark& mark, std::span<const double> posterior, std::span<double> likelihood) const {
  const double* const own = &counts[mark.other * classes * states];
  for (std::size_t state = 0; state < states; ++state) {
    double total = -posterior[state];
    for (std::size_t said = 0; said < classes; ++said) total += own[said * states + state] + prior[said * states + state];
    const double label = own[mark.label * states + state] - posterior[state] + prior[mark.label * states + state];
    likelihood[state] = std::clamp(label / total, 1e-12, 1.0);  // rounding may leave less than nothing
  }
}

void Coins::likelihood_without(const Mark& mark, std::span<const double> posterior, std::span<double> likelihood) const {
  const double is_right = accuracy(right[mark.other] - posterior[mark.label], labels[mark.other] - 1.0);
  const double errs = (1.0 - is_right) / static_cast<double>(std::max<std::size_t>(classes, 2) - 1);
  std::fill(likelihood.begin(), likelihood.end(), std::max(errs, 1e-12));
  likelihood[mark.label] = is_right;
}

double expect(const Crowd& crowd, const Confusions& model, double rho, Grid& posterior) {
  return expect_all(crowd, model, rho, posterior);
}
double expect(const Crowd& crowd, const Coins& model, double rho, Grid& posterior) {
  return expect_all(crowd, model, rho, posterior);
}
std::vector<double> held_out(const Crowd& crowd, const Confusions& model, const Grid& posterior, std::span<const double> rhos) {
  return held_out_of(crowd, model, posterior, rhos);
}
std::vector<double> held_out(const Crowd& crowd, const Coins& model, const Grid& posterior, std::span<const double> rhos) {
  return held_out_of(crowd, model, posterior, rhos);
}

void count_labels(const Crowd& crowd, const Grid& posterior, std::vector<double>& counts) {
  const std::size_t classes = crowd.table.classes();
  const std::size_t states = posterior.columns;
  counts.assign(crowd.table.experts() * classes * states, 0.0);
  parallel_for_pieces(crowd.table.experts(), 16, [&](std::size_t begin, std::size_t end) {
    if (crowd.job.stopped()) return;
    for (std::size_t expert = begin; expert < end; ++expert) {
      double* const own = &counts[expert * classes * states];
      count_labels_of(crowd.table.of_expert(expert), posterior, own);
    }
  });
}

std::vector<double> column_sums(const Grid& posterior) {
  std::vector<double> sums(posterior.columns, 0.0);
  for (std::size_t item = 0; item < posterior.rows; ++item) {
    const auto row = posterior.row(item);
    for (std::size_t state = 0; state < sums.size(); ++state) sums[state] += row[state];
  }
  return sums;
}

Grid vote_shares(const Crowd& crowd) {
  Grid shares(crowd.table.items(), crowd.table.classes());
  parallel_for_pieces(shares.rows, piece_size, [&](std::size_t begin, std::size_t end) {
    for (std::size_t item = begin; item < end; ++item) {
      const auto row = shares.row(item);
      const auto marks = crowd.table.of_item(item);
      if (const std::int32_t known = crowd.known(item); known >= 0) {
        row[static_cast<std::size_t>(known)] = 1.0;
      } else if (marks.empty()) {
        std::fill(row.begin(), row.end(), 1.0 / static_cast<double>(row.size()));
      } else {
        for (const Mark& mark : marks) row[mark.label] += 1.0;
        for (double& share : row) share /= static_cast<double>(marks.size());
      }
    }
  });
  return shares;
}

}  // namespace conclave::consensus
