// "Wawa", worker agreement with aggregate, is how the platform Appen weighs its workers; described by D. Ustalov, N. Pavlichenko
// and B. Tseitlin, "Learning from Crowds with Crowd-Kit", Journal of Open Source Software 9, 2024. One round: the majority judges
// the experts, and then each counts by its judgement. It has no confusion to estimate and so nothing to overfit, which makes it
// hard to beat where an expert gave few labels.
#include "engine/consensus/aggregation/voting_rules.h"

#include <algorithm>

#include "engine/base/parallel.h"

namespace conclave::consensus {
namespace {

constexpr std::size_t piece_size = 1024;

// Share of the tied best classes, 1 for a lone winner.
Grid winners_of(Grid shares) {
  for (std::size_t item = 0; item < shares.rows; ++item) {
    const auto row = shares.row(item);
    const double best = *std::max_element(row.begin(), row.end());
    const auto tied = static_cast<double>(std::count(row.begin(), row.end(), best));
    for (double& share : row) share = share == best ? 1.0 / tied : 0.0;
  }
  return shares;
}

}  // namespace

std::vector<double> agreement_with_majority(const Crowd& crowd) {
  const Grid winners = winners_of(vote_shares(crowd));
  std::vector<double> agreement(crowd.table.experts(), 0.0);
  parallel_for_pieces(agreement.size(), 64, [&](std::size_t begin, std::size_t end) {
    for (std::size_t expert = begin; expert < end; ++expert) {
      const auto marks = crowd.table.of_expert(expert);
      double agreed = 0.0;
      for (const Mark& mark : marks) agreed += winners.row(mark.other)[mark.label];
      if (!marks.empty()) agreement[expert] = agreed / static_cast<double>(marks.size());
    }
  });
  return agreement;
}

Grid wawa_shares(const Crowd& crowd) {
  const std::vector<double> weights = agreement_with_majority(crowd);
  Grid shares = vote_shares(crowd);
  parallel_for_pieces(shares.rows, piece_size, [&](std::size_t begin, std::size_t end) {
    for (std::size_t item = begin; item < end; ++item) {
      const auto marks = crowd.table.of_item(item);
      double total = 0.0;
      for (const Mark& mark : marks) total += weights[mark.other];
      // Where all who spoke never agree with anybody, plain shares are as good.
      if (crowd.known(item) >= 0 || total == 0.0) continue;
      const auto row = shares.row(item);
      std::fill(row.begin(), row.end(), 0.0);
      for (const Mark& mark : marks) row[mark.label] += weights[mark.other] / total;
    }
  });
  return shares;
}

}  // namespace conclave::consensus
