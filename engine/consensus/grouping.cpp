// Average linkage (UPGMA: Sokal & Michener 1958) by the classic agglomeration with a nearest neighbour kept per group: about n^2
// steps, n^3 at worst. Only sums of similarities are kept, so that a merge is an addition (Lance & Williams 1967).
#include <algorithm>
#include <cassert>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

#include "engine/consensus/similarity.h"

namespace conclave::consensus {
namespace {

// Averages that differ by less than rounding can produce are a tie.
constexpr double tolerance = 1e-12;

class Agglomeration {
 public:
  Agglomeration(const Eigen::MatrixXd& similarity, const Eigen::MatrixXi& may_join)
      : sums_(similarity), may_join_(may_join), members_(static_cast<std::size_t>(similarity.rows())), nearest_(members_.size()) {
    if (may_join_.size() == 0) may_join_ = Eigen::MatrixXi::Ones(similarity.rows(), similarity.cols());
    for (std::size_t i = 0; i < members_.size(); ++i) members_[i] = {i};
    for (std::size_t i = 0; i < members_.size(); ++i) find_nearest(i);
  }

  // Joins the most similar two groups and says how similar they are; nothing if none that may join reach `threshold`.
  std::optional<double> merge_best(double threshold) {
    std::size_t best = none;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (nearest_[i] != none && (best == none || average(i, nearest_[i]) > average(best, nearest_[best]) + tolerance)) best = i;
    }
    if (best == none || average(best, nearest_[best]) < threshold - tolerance) return std::nullopt;
    const double height = average(best, nearest_[best]);
    merge(best, nearest_[best]);
    return height;
  }

  std::vector<std::vector<std::size_t>> groups() && {
    std::erase_if(members_, [](const auto& group) { return group.empty(); });
    for (auto& group : members_) std::sort(group.begin(), group.end());
    std::sort(members_.begin(), members_.end(),
              [](const auto& a, const auto& b) { return a.size() != b.size() ? a.size() > b.size() : a.front() < b.front(); });
    return std::move(members_);
  }

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

  [[nodiscard]] double average(std::size_t i, std::size_t j) const {
    return sums_(index(i), index(j)) / static_cast<double>(members_[i].size() * members_[j].size());
  }
  static Eigen::Index index(std::size_t i) { return static_cast<Eigen::Index>(i); }

  // Among the groups after i, so that each pair is looked at from its smaller member.
  void find_nearest(std::size_t i) {
    nearest_[i] = none;
    if (members_[i].empty()) return;
    for (std::size_t j = i + 1; j < members_.size(); ++j) {
      if (members_[j].empty() || may_join_(index(i), index(j)) == 0) continue;
      if (nearest_[i] == none || average(i, j) > average(i, nearest_[i]) + tolerance) nearest_[i] = j;
    }
  }

  // i < j; the group keeps the place of its smallest member.
  void merge(std::size_t i, std::size_t j) {
    for (std::size_t k = 0; k < members_.size(); ++k) {
      if (k == i || k == j) continue;
      sums_(index(i), index(k)) = sums_(index(k), index(i)) = sums_(index(i), index(k)) + sums_(index(j), index(k));
      const int both = may_join_(index(i), index(k)) != 0 && may_join_(index(j), index(k)) != 0 ? 1 : 0;
      may_join_(index(i), index(k)) = may_join_(index(k), index(i)) = both;
    }
    members_[i].insert(members_[i].end(), members_[j].begin(), members_[j].end());
    members_[j].clear();
    nearest_[j] = none;
    for (std::size_t k = 0; k <= j; ++k) {
      if (k == i || nearest_[k] == i || nearest_[k] == j) find_nearest(k);
    }
  }

  Eigen::MatrixXd sums_;
  Eigen::MatrixXi may_join_;
  std::vector<std::vector<std::size_t>> members_;  // by smallest member; empty once merged into another
  std::vector<std::size_t> nearest_;
};

}  // namespace

std::vector<std::vector<std::size_t>> group_by_similarity(const Eigen::MatrixXd& similarity, double threshold,
                                                          const Eigen::MatrixXi& may_join) {
  assert(similarity.rows() == similarity.cols());
  assert(may_join.size() == 0 || (may_join.rows() == similarity.rows() && may_join.cols() == similarity.cols()));
  Agglomeration agglomeration(similarity, may_join);
  while (agglomeration.merge_best(threshold)) {
  }
  return std::move(agglomeration).groups();
}

double estimated_threshold(const Eigen::MatrixXd& similarity, const Eigen::MatrixXi& may_join) {
  Agglomeration agglomeration(similarity, may_join);
  double above = 1.0;
  double widest = -1.0;
  double cut = 1.0;
  const auto look_below = [&](double height) {
    if (above - height > widest + tolerance) {
      widest = above - height;
      cut = (above + height) / 2.0;
    }
    above = std::min(above, height);  // what must not join can make a later merge the more similar one
  };
  while (const auto height = agglomeration.merge_best(0.0)) look_below(*height);
  look_below(0.0);
  return cut;
}

}  // namespace conclave::consensus
