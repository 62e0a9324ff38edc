// What an iteration costs is not arithmetic but waiting for memory: counting by expert reads a row of the posterior somewhere for
// each label. Walking by item, rows of the posterior come one after the other, and of what lies far apart, the cells of the
// experts, the same ones are read for the likelihood and written for the counts: so both lie beside each other, and take four
// bytes each, so that more of them stay in the nearer caches. Blocks of items are as many for any number of
// threads, each counts on its own, and their counts are added in their order: so sums are the same to the last bit.
#include "engine/consensus/aggregation/fused_expectation.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <Eigen/Core>

#include "engine/base/parallel.h"

namespace conclave::consensus {
namespace {

constexpr std::size_t blocks = 4;                          // more would cost more to add than four threads and up gain
constexpr std::size_t most_cells = std::size_t{1} << 24U;  // of all blocks
constexpr std::size_t labels_ahead = 16;                   // whose cells are asked for before they are needed

// Where a float is exact enough: a count of so many labels, or a likelihood of so many factors, is right to about 1e-5. Fewer
// labels than `fewest` are done soon enough with doubles.
constexpr std::size_t fewest = std::size_t{1} << 16U;
constexpr std::size_t most_of_an_expert = std::size_t{1} << 14U;
constexpr std::size_t most_of_an_item = 64;

bool floats_do(const LabelTable& table) {
  if (table.marks() < fewest) return false;
  for (std::size_t expert = 0; expert < table.experts(); ++expert) {
    if (table.of_expert(expert).size() > most_of_an_expert) return false;
  }
  for (std::size_t item = 0; item < table.items(); ++item) {
    if (table.of_item(item).size() > most_of_an_item) return false;
  }
  return true;
}

}  // namespace

std::optional<FusedExpectation> FusedExpectation::of(const Crowd& crowd) {
  const LabelTable& table = crowd.table;
  const std::size_t classes = table.classes();
  if (classes < 2 || classes > 8) return std::nullopt;
  const std::size_t cells = blocks * table.experts() * classes * classes;
  if (cells > most_cells || cells > 4 * table.marks() || !floats_do(table)) return std::nullopt;
  return FusedExpectation(crowd);
}

FusedExpectation::FusedExpectation(const Crowd& crowd)
    : crowd_(crowd),
      cells_(blocks, Cells(2 * crowd.table.experts() * crowd.table.classes() * crowd.table.classes())),
      sums_(blocks, std::vector<double>(crowd.table.classes())) {}

template <std::size_t Classes>
double FusedExpectation::walk(const Confusions& model, std::size_t block, Grid& posterior) {
  using Row = Eigen::Array<float, Classes, 1>;
  using Exact = Eigen::Array<double, Classes, 1>;
  const LabelTable& table = crowd_.table;
  const std::size_t begin = table.items() * block / blocks;
  const std::size_t end = table.items() * (block + 1) / blocks;
  float* const cells = cells_[block].data();
  const std::size_t rows = table.experts() * Classes;
  for (std::size_t row = 0; row < rows; ++row) {
    float* const cell = cells + row * 2 * Classes;
    Eigen::Map<Row>{cell} = Eigen::Map<const Exact>{&model.log_likelihood[row * Classes]}.template cast<float>();
    Eigen::Map<Row>{cell + Classes}.setZero();
  }
  Exact sums = Exact::Zero();
  Exact changed = Exact::Zero();
  const Row prior = Eigen::Map<const Exact>{model.log_prior.data()}.template cast<float>();
  const Mark* const last = table.of_item(end - 1).data() + table.of_item(end - 1).size();
  const auto cell = [cells](const Mark& mark) { return cells + (mark.other * Classes + mark.label) * 2 * Classes; };
  for (std::size_t item = begin; item < end; ++item) {
    if (item % 1024 == 0 && crowd_.job.stopped()) break;
    Row scores = prior;
    const auto marks = table.of_item(item);
    for (const Mark& mark : marks) {
      if (last - &mark > static_cast<std::ptrdiff_t>(labels_ahead)) __builtin_prefetch(cell(*(&mark + labels_ahead)), 1);
      scores += Eigen::Map<const Row>{cell(mark)};
    }
    if (const std::int32_t known = crowd_.known(item); known >= 0) {
      scores.setZero();
      scores[known] = 1.0F;
    } else {
      scores = (scores - scores.maxCoeff()).exp();
      scores *= 1.0F / scores.sum();
    }
    Eigen::Map<Exact> row{posterior.row(item).data()};
    const Exact now = scores.template cast<double>();
    changed += (now - row).abs();
    row = now;
    sums += now;
    for (const Mark& mark : marks) Eigen::Map<Row>{cell(mark) + Classes} += scores;
  }
  Eigen::Map<Exact>{sums_[block].data()} = sums;
  return changed.sum();
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
  const std::size_t classes = crowd_.table.classes();
  counts.resize(cells_.front().size() / 2);
  parallel_for_pieces(counts.size(), 4096, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t place = (2 * (i / classes) + 1) * classes + i % classes;
      double sum = 0.0;
      for (const auto& each : cells_) sum += static_cast<double>(each[place]);
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
