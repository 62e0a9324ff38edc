#include "engine/consensus/agreement.h"

#include <limits>

namespace conclave::consensus {
namespace {

constexpr std::size_t looked_through = 12;  // verdicts are few: comparing is faster than hashing
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

std::size_t Agreement::place_of(std::string_view label) {
  for (std::size_t i = 0; i < labels_.size() && i < looked_through; ++i) {
    const std::string_view known = labels_[i].text;
    if (known.size() == label.size() && (known.data() == label.data() || known == label)) return i;
  }
  if (labels_.size() >= looked_through) {
    const auto [place, added] = places_.try_emplace(label, labels_.size());
    if (!added) return place->second;
  }
  labels_.push_back({label, {}});
  return labels_.size() - 1;
}

void Agreement::add(std::string_view first, std::string_view second) {
  const std::size_t a = place_of(first);
  const std::size_t b = first == second ? a : place_of(second);
  ++labels_[a].said[0];
  ++labels_[b].said[1];
  ++pairs_;
  if (a == b) ++same_;
}

double Agreement::share() const { return pairs_ == 0 ? nan : static_cast<double>(same_) / static_cast<double>(pairs_); }

double Agreement::kappa() const {
  double by_chance = 0.0;
  const auto pairs = static_cast<double>(pairs_);
  for (const Label& label : labels_) {
    by_chance += static_cast<double>(label.said[0]) / pairs * (static_cast<double>(label.said[1]) / pairs);
  }
  return pairs_ == 0 || by_chance >= 1.0 ? nan : (share() - by_chance) / (1.0 - by_chance);
}

}  // namespace conclave::consensus
