#include "engine/consensus/counterfactuals.h"

#include <algorithm>
#include <numeric>
#include <optional>

namespace conclave::consensus {
namespace {

constexpr std::size_t most_results = 10;
constexpr std::size_t most_changed = 3;
constexpr std::size_t most_evaluations = 20'000;

using Verdict = std::optional<std::size_t>;

// The next combination of `size` out of `n` in lexicographic order; false after the last.
bool next_combination(std::vector<std::size_t>& chosen, std::size_t n) {
  const std::size_t size = chosen.size();
  std::size_t i = size;
  while (i > 0 && chosen[i - 1] == n - size + i - 1) --i;
  if (i == 0) return false;
  ++chosen[i - 1];
  for (; i < size; ++i) chosen[i] = chosen[i - 1] + 1;
  return true;
}

class Search {
 public:
  Search(const Circle& circle, const GateKeeper& gate) : circle_(circle), gate_(gate), actual_(verdict(circle.outcomes)) {}

  std::vector<Counterfactual> run() {
    for (std::size_t size = 1; size <= most_changed && found_.empty(); ++size) {
      for (std::size_t scope = 0; scope < circle_.ballots.size(); ++scope) try_all(scope, size);
    }
    return std::move(found_);
  }

 private:
  [[nodiscard]] Verdict verdict(const std::vector<ScopeOutcome>& outcomes) const {
    const CaseOutcome outcome = decide_case(outcomes, circle_.labels);
    return gate_.refusal(outcome) ? Verdict{} : outcome.label;
  }

  [[nodiscard]] bool finished() const { return found_.size() >= most_results || evaluations_ >= most_evaluations; }

  void try_all(std::size_t scope, std::size_t size) {
    const std::vector<Vote>& votes = circle_.ballots[scope].votes;
    if (votes.size() < size) return;
    std::vector<std::size_t> chosen(size);
    std::iota(chosen.begin(), chosen.end(), std::size_t{0});
    do {
      for (std::size_t label = 0; label < circle_.labels.names.size() && !finished(); ++label) {
        const bool changes = std::all_of(chosen.begin(), chosen.end(), [&](std::size_t i) { return votes[i].label != label; });
        if (changes) try_one(scope, chosen, label);
      }
    } while (!finished() && next_combination(chosen, votes.size()));
  }

  void try_one(std::size_t scope, const std::vector<std::size_t>& chosen, std::size_t label) {
    ++evaluations_;
    std::vector<Vote> votes = circle_.ballots[scope].votes;
    std::vector<std::size_t> members;
    for (const std::size_t i : chosen) {
      votes[i].label = label;
      votes[i].proven = true;
      members.push_back(votes[i].member);
    }
    std::vector<ScopeOutcome> outcomes = circle_.outcomes;
    outcomes[scope] = decide_scope(votes, circle_.labels);
    const Verdict then = verdict(outcomes);
    if (then == actual_) return;
    Counterfactual result{circle_.names(members), circle_.ballots[scope].scope, then ? circle_.labels.names[*then] : ""};
    const auto same = [&](const Counterfactual& other) {
      return other.experts == result.experts && other.scope == result.scope && other.becomes == result.becomes;
    };
    if (std::none_of(found_.begin(), found_.end(), same)) found_.push_back(std::move(result));
  }

  const Circle& circle_;
  const GateKeeper& gate_;
  Verdict actual_;
  std::vector<Counterfactual> found_;
  std::size_t evaluations_ = 0;
};

}  // namespace

std::vector<Counterfactual> find_counterfactuals(const Circle& circle, const GateKeeper& gate) {
  return Search(circle, gate).run();
}

}  // namespace conclave::consensus
