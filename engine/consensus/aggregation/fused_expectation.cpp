// What an iteration costs is not arithmetic but waiting for memory: counting by expert reads a row of the posterior somewhere for
// each label. Walking by item, rows of the posterior come one after the other, and of what lies far apart, the cells of the
// experts, the same ones are read for the likelihood and written for the counts. Blocks of items are as many for any number of
// threads, each counts on its own, and their counts are added in their order: so sums are the same to the last bit.
#include "engine/consensus/aggregation/fused_expectation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "engine/base/parallel.h"

namespace conclave::consensus {
namespace {

constexpr std::size_t blocks = 4;                          // more would cost more to add than four threads and up gain
constexpr std::size_t most_cells = std::size_t{1} << 24U;  // of all blocks
constexpr std::size_t labels_ahead = 16;                   // whose cells are asked for before they are needed

template <std::size_t Classes>
void normalise(std::array<double, Classes>& scores) {
  const double highest = *std::max_element(scores.begin(), scores.end());
  double total = 0.0;
  for (double& score : scores) {
    score = score == highest ? 1.0 : std::exp(score - highest);
    total += score;
  }
  const double factor = 1.0 / total;
  for (double& score : scores) score *= factor;
}

}  // namespace

std::optional<FusedExpectation> FusedExpectation::of(const Crowd& crowd) {
  const LabelTable& table = crowd.table;
  const std::size_t classes = table.classes();
  if (classes < 2 || classes > 8) return std::nullopt;
  const std::size_t cells = blocks * table.experts() * classes * classes;
  if (cells > most_cells || cells > 4 * table.marks()) return std::nullopt;
  return FusedExpectation(crowd);
}

FusedExpectation::FusedExpectation(const Crowd& crowd)
    : crowd_(crowd),
      counts_(blocks, std::vector<double>(crowd.table.experts() * crowd.table.classes() * crowd.table.classes())),
      sums_(blocks, std::vector<double>(crowd.table.classes())) {}

template <std::size_t Classes>
double FusedExpectation::walk(const Confusions& model, std::size_t block, Grid& posterior) {
  const LabelTable& table = crowd_.table;
  const std::size_t begin = table.items() * block / blocks;
  const std::size_t end = table.items() * (block + 1) / blocks;
  double* const counts = counts_[block].data();
  std::array<double, Classes> sums{};
  double changed = 0.0;
  if (begin == end) return changed;
  const Mark* const last = table.of_item(end - 1).data() + table.of_item(end - 1).size();
  const auto cell = [](const Mark& mark) { return (mark.other * Classes + mark.label) * Classes; };
  for (std::size_t item = begin; item < end; ++item) {
    if (item % 1024 == 0 && crowd_.job.stopped()) break;
    std::array<double, Classes> scores{};
    const auto marks = table.of_item(item);
    for (const Mark& mark : marks) {
      if (last - &mark > static_cast<std::ptrdiff_t>(labels_ahead)) {
        const std::size_t soon = cell(*(&mark + labels_ahead));
        __builtin_prefetch(&model.log_likelihood[soon]);
        __builtin_prefetch(&counts[soon], 1);
      }
      const double* const likelihood = &model.log_likelihood[cell(mark)];
      for (std::size_t c = 0; c < Classes; ++c) scores[c] += likelihood[c];
    }
    for (std::size_t c = 0; c < Classes; ++c) scores[c] += model.log_prior[c];
    if (const std::int32_t known = crowd_.known(item); known >= 0) {
      scores.fill(0.0);
      scores[static_cast<std::size_t>(known)] = 1.0;
    } else {
      normalise(scores);
    }
    double* const row = posterior.row(item).data();
    for (std::size_t c = 0; c < Classes; ++c) {
      changed += std::abs(scores[c] - row[c]);
      row[c] = scores[c];
      sums[c] += scores[c];
    }
    for (const Mark& mark : marks) {
      double* const said = counts + cell(mark);
      for (std::size_t c = 0; c < Classes; ++c) said[c] += scores[c];
    }
  }
  std::copy(sums.begin(), sums.end(), sums_[block].begin());
  return changed;
}

double FusedExpectation::operator()(const Confusions& model, Grid& posterior, std::vector<double>& counts,
                                    std::vector<double>& sums) {
  using Walk = double (FusedExpectation::*)(const Confusions&, std::size_t, Grid&);
  constexpr std::array<Walk, 7> walks{&FusedExpectation::walk<2>, &FusedExpectation::walk<3>, &FusedExpectation::walk<4>,
                                      &FusedExpectation::walk<5>, &FusedExpectation::walk<6>, &FusedExpectation::walk<7>,
                                      &FusedExpectation::walk<8>};
  const Walk walk_block = walks.at(crowd_.table.classes() - 2);
  std::array<double, blocks> changes{};
  parallel_for(blocks, [&](std::size_t block) { changes[block] = (this->*walk_block)(model, block, posterior); });
  counts.resize(counts_.front().size());
  parallel_for_pieces(counts.size(), 4096, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      double sum = 0.0;
      for (auto& each : counts_) sum += std::exchange(each[i], 0.0);
      counts[i] = sum;
    }
  });
  sums.assign(crowd_.table.classes(), 0.0);
  double change = 0.0;
  for (std::size_t block = 0; block < blocks; ++block) {
    for (std::size_t c = 0; c < sums.size(); ++c) sums[c] += sums_[block][c];
    change += changes[block];
  }
  return crowd_.table.items() == 0 ? 0.0 : 0.5 * change / static_cast<double>(crowd_.table.items());
}

}  // namespace conclave::consensus
