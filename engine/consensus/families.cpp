#include "engine/consensus/families.h"

#include <algorithm>
#include <map>

#include "engine/consensus/similarity.h"

namespace conclave::consensus {
namespace {

constexpr double near_identical = 0.95;

template <class Counts>
double effective_number(const Circle& circle, Counts counts) {
  double heaviest = 0.0;  // so that no finite weights can overflow
  for (const std::size_t i : circle.answered) heaviest = std::max(heaviest, circle.members[i].response->weight);
  double sum = 0.0;
  double squares = 0.0;
  for (const auto& family : circle.families) {
    double weight = 0.0;
    std::size_t members = 0;
    for (const std::size_t member : family) {
      if (!counts(member)) continue;
      weight += circle.members[member].response->weight / heaviest;
      ++members;
    }
    if (members == 0) continue;
    weight /= static_cast<double>(members);
    sum += weight;
    squares += weight * weight;
  }
  return squares > 0.0 ? sum * sum / squares : 0.0;
}

void join_known_copies(const Circle& circle, std::vector<std::vector<std::size_t>>& families) {
  for (const auto& copies : circle.known_copies) {
    std::map<std::size_t, std::size_t> first;  // by label, the family that the others join
    for (std::size_t f = 0; f < families.size(); ++f) {
      const bool known = std::any_of(families[f].begin(), families[f].end(), [&](std::size_t member) {
        return std::binary_search(copies.begin(), copies.end(), circle.members[member].name);
      });
      if (!known) continue;
      const auto [place, is_first] = first.try_emplace(*circle.members[families[f].front()].label, f);
      if (is_first) continue;
      auto& joined = families[place->second];
      joined.insert(joined.end(), families[f].begin(), families[f].end());
      families[f].clear();
    }
    std::erase_if(families, [](const auto& family) { return family.empty(); });
  }
  for (auto& family : families) std::sort(family.begin(), family.end());
  std::stable_sort(families.begin(), families.end(), [](const auto& a, const auto& b) {
    return a.size() != b.size() ? a.size() > b.size() : a.front() < b.front();
  });
}

}  // namespace

std::vector<std::vector<std::size_t>> expert_families(const Circle& circle) {
  const bool labels = circle.has_labels();
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < circle.answered.size(); ++i) {
    if (!labels || circle.members[circle.answered[i]].role == Role::votes) positions.push_back(i);
  }
  const auto n = static_cast<Eigen::Index>(positions.size());
  Eigen::MatrixXd similarity(n, n);
  Eigen::MatrixXi may_join(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const std::size_t a = positions[static_cast<std::size_t>(i)];
    const Member& member = circle.members[circle.answered[a]];
    for (Eigen::Index j = 0; j < n; ++j) {
      const std::size_t b = positions[static_cast<std::size_t>(j)];
      similarity(i, j) = circle.similarity(static_cast<Eigen::Index>(a), static_cast<Eigen::Index>(b));
      const bool same = member.label == circle.members[circle.answered[b]].label;
      may_join(i, j) = same && !member.response->content.empty() ? 1 : 0;
    }
  }
  std::vector<std::vector<std::size_t>> families = group_by_similarity(similarity, near_identical, may_join);
  for (auto& family : families) {
    for (std::size_t& member : family) member = circle.answered[positions[member]];
  }
  if (labels) join_known_copies(circle, families);
  return families;
}

double effective_experts(const Circle& circle) {
  return effective_number(circle, [](std::size_t) { return true; });
}

double effective_experts(const Circle& circle, std::span<const std::size_t> only) {
  return effective_number(circle, [&](std::size_t member) { return std::binary_search(only.begin(), only.end(), member); });
}

}  // namespace conclave::consensus
