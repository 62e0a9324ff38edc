// What labels say of an item, once it is known how experts err: the step that all probabilistic models share. Internal to this
// room.
//
// An item is in one of several hidden states; each state belongs to a class. A model says how likely an expert gives a label in
// each state; labels count as independent, except for `rho`: n labels that err together are worth n / (1 + (n - 1) rho)
// (L. Kish's design effect, "Survey Sampling", 1965). All sums are over logarithms.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/consensus/aggregation/label_table.h"

namespace conclave::consensus {

// For each expert and label the logarithm of how likely it is in each state. States of a class are neighbours.
struct Confusions {
  std::size_t classes = 0;
  std::size_t states = 0;              // a multiple of classes
  std::vector<double> prior;           // classes said x states: labels that every expert counts as having given before
  std::vector<double> log_prior;       // by state
  std::vector<double> counts;          // experts x classes said x states: labels, without the prior
  std::vector<double> log_likelihood;  // the same shape

  [[nodiscard]] const double* of(const Mark& mark) const { return &log_likelihood[(mark.other * classes + mark.label) * states]; }
  // How likely the label is in each state, as if the expert had never seen this item.
  void likelihood_without(const Mark& mark, std::span<const double> posterior, std::span<double> likelihood) const;
};

// Each expert is right with one probability, and errs into every other class alike. States are classes.
struct Coins {
  std::size_t classes = 0;
  std::size_t states = 0;
  double right_prior = 0.0;  // labels that every expert counts as having given before
  double wrong_prior = 0.0;
  std::vector<double> log_prior;
  std::vector<double> right;     // by expert: labels that are right, without the prior
  std::vector<double> labels;    // by expert
  std::vector<double> log_odds;  // of being right against erring into one given class

  [[nodiscard]] double accuracy(double right_labels, double all_labels) const {  // inside (0, 1)
    return (right_labels + right_prior) / (all_labels + right_prior + wrong_prior);
  }
  void likelihood_without(const Mark& mark, std::span<const double> posterior, std::span<double> likelihood) const;
};

// Items x states, each row a distribution; states of classes that an item is known not to be in have 0. Returns the mean change
// (half the sum of absolute differences) of a row of `posterior`, which must have the right size.
double expect(const Crowd& crowd, const Confusions& model, double rho, Grid& posterior);
double expect(const Crowd& crowd, const Coins& model, double rho, Grid& posterior);

// For each of `rhos` the mean logarithm of the probability that the model gives to a label from all others of its item. Needs no
// truth: who believes too firmly is surprised too often. What the item itself (its row of `posterior`) taught about the experts
// is left out. Of at most some ten thousand labels; 0 where no item has two.
[[nodiscard]] std::vector<double> held_out(const Crowd& crowd, const Confusions& model, const Grid& posterior,
                                           std::span<const double> rhos);
[[nodiscard]] std::vector<double> held_out(const Crowd& crowd, const Coins& model, const Grid& posterior,
                                           std::span<const double> rhos);

// Sums of the posterior over the labels of each expert: experts x classes said x states.
void count_labels(const Crowd& crowd, const Grid& posterior, std::vector<double>& counts);
// By state; the same whatever the number of threads.
[[nodiscard]] std::vector<double> column_sums(const Grid& posterior);

// Items x classes: shares of votes, one-hot where the truth is known.
[[nodiscard]] Grid vote_shares(const Crowd& crowd);

// From scores to a distribution, in place.
void normalise_logarithms(std::span<double> scores);

}  // namespace conclave::consensus
