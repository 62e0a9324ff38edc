// A distribution votes as it stands: each label gets its share of the vote, and the linear pool (voting.cpp) gets its
// probabilities, drawn in a little so that none is 0 or 1. Its `confidence` strengthens the vote, as everybody's does, and leaves
// the probabilities alone.
//
// A ranking votes for its first as a label does; each place below has half the say of the one above (positional voting with the
// common ratio 1/2), and what it leaves out gets no vote. In the pool the first gets what a label of that confidence gets; the
// rest is spread over the others, halved from place to place, and labels that were not ranked share the place after the last.
#include "engine/consensus/opinion.h"

#include <algorithm>
#include <cmath>

namespace conclave::consensus {
namespace {

constexpr double held_back = 0.02;  // spread evenly: a label said to be certain gets 0.99 of two

void add_distribution(Vote& vote, const ExpertResponse& response, const Labels& labels) {
  const std::size_t n = labels.names.size();
  vote.support.assign(n, 0.0);
  double sum = 0.0;
  for (const auto& [label, probability] : response.probabilities) sum += probability;
  for (const auto& [label, probability] : response.probabilities) {
    vote.support[*place_of_label(labels.names, label)] = probability / sum;
  }
  for (const double share : vote.support) {
    vote.probabilities.push_back((1.0 - held_back) * share + held_back / static_cast<double>(n));
  }
}

void add_ranking(Vote& vote, const ExpertResponse& response, const Labels& labels) {
  const std::size_t n = labels.names.size();
  vote.support.assign(n, 0.0);
  vote.probabilities.assign(n, std::ldexp(1.0, -static_cast<int>(response.ranking.size())));
  for (std::size_t place = 0; place < response.ranking.size(); ++place) {
    const std::size_t label = *place_of_label(labels.names, response.ranking[place]);
    vote.support[label] = vote.probabilities[label] = std::ldexp(1.0, -static_cast<int>(place));
  }
  vote.probabilities[vote.label] = 0.0;
  double rest = 0.0;
  for (const double share : vote.probabilities) rest += share;
  const double own = n == 1 ? 1.0 : 0.5 + 0.49 * response.confidence;
  for (double& share : vote.probabilities) share *= rest > 0.0 ? (1.0 - own) / rest : 0.0;
  vote.probabilities[vote.label] = own;
}

}  // namespace

Vote vote_of(const ExpertResponse& response, std::size_t label, const Labels& labels) {
  const bool proven = std::any_of(response.claims.begin(), response.claims.end(), &is_proof);
  Vote vote{0, label, response.confidence, response.weight, proven, {}, {}};
  if (!response.probabilities.empty()) add_distribution(vote, response, labels);
  if (!response.ranking.empty()) add_ranking(vote, response, labels);
  return vote;
}

}  // namespace conclave::consensus
