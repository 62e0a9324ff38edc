// K. Krippendorff, "Computing Krippendorff's alpha-reliability", 2011 (nominal data, missing data allowed). Of an item with m >=
// 2 labels every pair of labels of different experts is compared, each label with weight 1 / (m - 1); alpha is 1 - observed /
// expected disagreement, where the expected one is that of pairs drawn from all labels of all items. It is NaN if all labels are
// the same, where nothing was there to disagree about, and if no item has two labels.
//
// The interval is the percentile bootstrap (B. Efron, 1979) over items, the units that are drawn anew when a study is repeated;
// labels of one item stay together. A draw without any variety counts as none.
#include "engine/consensus/aggregation/agreement_alpha.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "engine/base/parallel.h"
#include "engine/consensus/aggregation/random.h"

namespace conclave::consensus {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

struct Unit {
  std::vector<std::pair<std::uint32_t, double>> counts;  // label, how often
  double disagreement = 0.0;
  double labels = 0.0;
};

std::vector<Unit> units_of(const LabelTable& table) {
  std::vector<Unit> units;
  std::vector<std::uint32_t> labels;
  for (std::size_t item = 0; item < table.items(); ++item) {
    const auto marks = table.of_item(item);
    if (marks.size() < 2) continue;
    labels.clear();
    for (const Mark& mark : marks) labels.push_back(mark.label);
    std::sort(labels.begin(), labels.end());
    Unit unit;
    unit.labels = static_cast<double>(labels.size());
    for (const std::uint32_t label : labels) {
      if (unit.counts.empty() || unit.counts.back().first != label) unit.counts.emplace_back(label, 0.0);
      unit.counts.back().second += 1.0;
    }
    for (const auto& [label, count] : unit.counts) unit.disagreement += count * (unit.labels - count) / (unit.labels - 1.0);
    units.push_back(std::move(unit));
  }
  return units;
}

// Sums over units that were drawn, some of them several times.
class Sums {
 public:
  explicit Sums(std::size_t classes) : counts_(classes, 0.0) {}
  void add(const Unit& unit) {
    for (const auto& [label, count] : unit.counts) counts_[label] += count;
    disagreement_ += unit.disagreement;
    labels_ += unit.labels;
  }
  [[nodiscard]] double alpha() const {
    double differing = 0.0;  // ordered pairs of labels that differ, from all items
    for (const double count : counts_) differing += count * (labels_ - count);
    return differing == 0.0 ? nothing : 1.0 - (labels_ - 1.0) * disagreement_ / differing;
  }

 private:
  std::vector<double> counts_;
  double disagreement_ = 0.0;
  double labels_ = 0.0;
};

double alpha_of_draw(const std::vector<Unit>& units, std::size_t classes, Random random) {
  Sums sums(classes);
  for (std::size_t i = 0; i < units.size(); ++i) sums.add(units[random.below(units.size())]);
  return sums.alpha();
}

// Between the two nearest; `sorted` is not empty.
double quantile(std::span<const double> sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

Result<Alpha> krippendorff_alpha(const LabelTable& table, std::uint64_t seed, Job& job, std::size_t draws) {
  const std::vector<Unit> units = units_of(table);
  Sums all(table.classes());
  Alpha out{nothing, nothing, nothing, units.size(), 0};
  for (const Unit& unit : units) {
    all.add(unit);
    out.labels += static_cast<std::size_t>(unit.labels);
  }
  out.value = all.alpha();
  if (std::isnan(out.value)) return out;
  std::vector<double> drawn(draws, nothing);
  parallel_for(draws, [&](std::size_t draw) {
    if (!job.stopped()) drawn[draw] = alpha_of_draw(units, table.classes(), Random(seed, draw));
  });
  if (job.stopped()) return fail_cancelled();
  std::erase_if(drawn, [](double value) { return std::isnan(value); });
  if (drawn.empty()) return out;
  std::sort(drawn.begin(), drawn.end());
  out.low = quantile(drawn, 0.025);
  out.high = quantile(drawn, 0.975);
  return out;
}

}  // namespace conclave::consensus
