// Crowds for tests: rows of (item, expert, label), and worlds in which the truth is known.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "engine/consensus/aggregation/aggregate.h"

namespace conclave::consensus::testing {

struct Rows {
  std::vector<std::uint32_t> items;
  std::vector<std::uint32_t> experts;
  std::vector<std::uint32_t> labels;
  LabelTable::Counts counts;
  std::vector<std::int32_t> truth;  // of the world they come from

  void add(std::uint32_t item, std::uint32_t expert, std::uint32_t label) {
    items.push_back(item);
    experts.push_back(expert);
    labels.push_back(label);
  }
  [[nodiscard]] LabelTable table() const { return LabelTable({items, experts, labels}, counts); }
};

inline Rows rows_of(const std::vector<std::array<std::uint32_t, 3>>& all, LabelTable::Counts counts) {
  Rows rows;
  rows.counts = counts;
  for (const auto& [item, expert, label] : all) rows.add(item, expert, label);
  return rows;
}

// Each expert labels each item and is right with its accuracy; else it says any other class.
inline Rows world(std::size_t items, const std::vector<double>& accuracies, std::size_t classes, std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto below = [&](std::size_t limit) { return static_cast<std::uint32_t>(random() % limit); };
  Rows rows;
  rows.counts = {items, accuracies.size(), classes};
  for (std::uint32_t item = 0; item < items; ++item) {
    const std::uint32_t truth = below(classes);
    rows.truth.push_back(static_cast<std::int32_t>(truth));
    for (std::uint32_t expert = 0; expert < accuracies.size(); ++expert) {
      const bool right = static_cast<double>(random() % 10'000) < 10'000 * accuracies[expert];
      rows.add(item, expert, right ? truth : (truth + 1 + below(classes - 1)) % static_cast<std::uint32_t>(classes));
    }
  }
  return rows;
}

inline Verdicts verdicts(const Rows& rows, Method method, const std::vector<std::int32_t>& known = {}, std::uint64_t seed = 0) {
  const LabelTable table = rows.table();
  Job job;
  auto found = aggregate(Crowd{table, known, job, seed}, method);
  return found ? std::move(*found) : Verdicts{};
}

inline double share_right(const Rows& rows, const Verdicts& found) {
  double right = 0.0;
  for (std::size_t item = 0; item < rows.truth.size(); ++item) right += found.labels.at(item) == rows.truth[item] ? 1.0 : 0.0;
  return right / static_cast<double>(rows.truth.size());
}

}  // namespace conclave::consensus::testing
