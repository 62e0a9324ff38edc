// Within a scope, moving voters to a label t takes from the leader and gives to t, each voter an amount of its own, so the fewest
// that make t catch up are those with the largest amounts: sort, then search for how many are needed by halving. Trying the
// smaller sets one by one, as far as there are few, finds what the gate's own limits make possible with less, and all sets of
// that size.
//
// A scope can always make an ordered case worse alone. It cannot make it better while others are as bad: then all of those have
// to change, each by its own smallest set.
#include "engine/consensus/counterfactuals.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>
#include <utility>

namespace conclave::consensus {
namespace {

constexpr std::size_t most_results = 10;
constexpr std::size_t most_tried = 600;  // sets and labels, for one size in one scope

using Verdict = std::optional<std::size_t>;
using Wanted = std::function<bool(const ScopeOutcome&)>;

// Voters of a scope who all say `label` instead.
struct Change {
  std::size_t scope = 0;
  std::vector<std::size_t> chosen;  // of the ballot's votes
  ScopeOutcome outcome;
};

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

bool few_combinations(std::size_t n, std::size_t size, std::size_t labels) {
  double count = static_cast<double>(labels);
  for (std::size_t i = 0; i < size; ++i) count *= static_cast<double>(n - i) / static_cast<double>(i + 1);
  return count <= static_cast<double>(most_tried);
}

// Of one scope.
class ScopeSearch {
 public:
  ScopeSearch(const Circle& circle, std::size_t scope, Wanted wanted)
      : circle_(circle), scope_(scope), votes_(circle.ballots[scope].votes), wanted_(std::move(wanted)) {}

  // The smallest that bring the wanted outcome, at most ten.
  std::vector<Change> run() {
    std::vector<Change> greedy = by_largest_gain();
    const std::size_t enough = greedy.empty() ? votes_.size() : greedy.front().chosen.size();
    for (std::size_t size = 1; size <= enough && few_combinations(votes_.size(), size, circle_.labels.names.size()); ++size) {
      std::vector<Change> found = all_of_size(size);
      if (!found.empty()) return found;
    }
    return greedy;
  }

 private:
  std::optional<Change> tried(const std::vector<std::size_t>& chosen, std::size_t label) const {
    std::vector<Vote> votes = votes_;
    for (const std::size_t i : chosen) votes[i] = {votes[i].member, label, votes[i].confidence, votes[i].weight, true, {}, {}};
    Change change{scope_, chosen, decide_scope(votes, circle_.labels)};
    if (!wanted_(change.outcome)) return std::nullopt;
    return change;
  }

  [[nodiscard]] std::vector<Change> all_of_size(std::size_t size) const {
    std::vector<Change> found;
    std::vector<std::size_t> chosen(size);
    std::iota(chosen.begin(), chosen.end(), std::size_t{0});
    do {
      for (std::size_t label = 0; label < circle_.labels.names.size() && found.size() < most_results; ++label) {
        if (std::any_of(chosen.begin(), chosen.end(), [&](std::size_t i) { return votes_[i].label == label; })) continue;
        if (auto change = tried(chosen, label)) found.push_back(std::move(*change));
      }
    } while (found.size() < most_results && next_combination(chosen, votes_.size()));
    return found;
  }

  // How far moving a vote to `label` brings that nearer to the leader.
  [[nodiscard]] double gain(const Vote& vote, std::size_t label) const {
    const auto part = [&](std::size_t k) { return vote.support.empty() ? (k == vote.label ? 1.0 : 0.0) : vote.support[k]; };
    return vote.weight * (0.51 + 0.49 * vote.confidence) * (1.0 - part(label) + part(circle_.outcomes[scope_].label));
  }

  [[nodiscard]] std::vector<Change> by_largest_gain() const {
    std::vector<Change> smallest;
    for (std::size_t label = 0; label < circle_.labels.names.size(); ++label) {
      std::vector<std::size_t> order;
      for (std::size_t i = 0; i < votes_.size(); ++i) {
        if (votes_[i].label != label) order.push_back(i);
      }
      std::stable_sort(order.begin(), order.end(),
                       [&](std::size_t a, std::size_t b) { return gain(votes_[a], label) > gain(votes_[b], label); });
      const auto first = [&](std::size_t count) {
        return tried({order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count)}, label);
      };
      std::optional<Change> best = order.empty() ? std::nullopt : first(order.size());
      std::size_t low = 1;
      for (std::size_t high = order.size(); best && low < high;) {
        const std::size_t middle = low + (high - low) / 2;
        if (auto smaller = first(middle)) {
          best = std::move(smaller);
          high = middle;
        } else {
          low = middle + 1;
        }
      }
      if (!best || (!smallest.empty() && smallest.front().chosen.size() < best->chosen.size())) continue;
      if (!smallest.empty() && smallest.front().chosen.size() > best->chosen.size()) smallest.clear();
      smallest.push_back(std::move(*best));
    }
    return smallest;
  }

  const Circle& circle_;
  std::size_t scope_;
  const std::vector<Vote>& votes_;
  Wanted wanted_;
};

class Search {
 public:
  Search(const Circle& circle, const GateKeeper& gate) : circle_(circle), gate_(gate), actual_(verdict(circle.outcomes)) {}

  std::vector<Counterfactual> run() {
    std::vector<Change> single;
    for (std::size_t scope = 0; scope < circle_.ballots.size(); ++scope) {
      const Wanted changes_case = [&](const ScopeOutcome& outcome) { return verdict(with({{scope, {}, outcome}})) != actual_; };
      for (Change& change : ScopeSearch(circle_, scope, changes_case).run()) {
        if (!single.empty() && change.chosen.size() > single.front().chosen.size()) break;
        if (!single.empty() && change.chosen.size() < single.front().chosen.size()) single.clear();
        single.push_back(std::move(change));
      }
    }
    for (const Change& change : single) add({change});
    if (single.empty() && actual_) across_scopes();
    return std::move(found_);
  }

 private:
  [[nodiscard]] Verdict verdict(const std::vector<ScopeOutcome>& outcomes) const {
    const CaseOutcome outcome = decide_case(outcomes, circle_.labels, circle_.dependence);
    return gate_.refusal(outcome) ? Verdict{} : outcome.label;
  }

  [[nodiscard]] std::vector<ScopeOutcome> with(const std::vector<Change>& changes) const {
    std::vector<ScopeOutcome> outcomes = circle_.outcomes;
    for (const Change& change : changes) outcomes[change.scope] = change.outcome;
    return outcomes;
  }

  // One change in each scope that is as bad as the case; all sets that this makes are equally small.
  void across_scopes() {
    const Wanted releases = [&](const ScopeOutcome& outcome) {
      return outcome.decision != Decision::decided || outcome.label < *actual_;
    };
    std::vector<std::vector<Change>> combined{{}};
    for (std::size_t scope = 0; scope < circle_.ballots.size(); ++scope) {
      if (circle_.outcomes[scope].decision != Decision::decided || circle_.outcomes[scope].label != *actual_) continue;
      const std::vector<Change> options = ScopeSearch(circle_, scope, releases).run();
      std::vector<std::vector<Change>> longer;
      for (const auto& before : combined) {
        for (const Change& option : options) {
          if (longer.size() >= most_results * most_results) break;
          longer.push_back(before);
          longer.back().push_back(option);
        }
      }
      combined = std::move(longer);
    }
    for (const auto& changes : combined) {
      if (verdict(with(changes)) != actual_) add(changes);
    }
  }

  void add(const std::vector<Change>& changes) {
    if (found_.size() >= most_results) return;
    std::vector<std::size_t> members;
    std::vector<std::string> scopes;
    for (const Change& change : changes) {
      const Ballot& ballot = circle_.ballots[change.scope];
      scopes.push_back(ballot.scope);
      for (const std::size_t i : change.chosen) members.push_back(ballot.votes[i].member);
    }
    const Verdict then = verdict(with(changes));
    Counterfactual result{circle_.names(members), list_names(scopes), then ? circle_.labels.names[*then] : ""};
    const auto same = [&](const Counterfactual& other) {
      return other.experts == result.experts && other.scope == result.scope && other.becomes == result.becomes;
    };
    if (std::none_of(found_.begin(), found_.end(), same)) found_.push_back(std::move(result));
  }

  const Circle& circle_;
  const GateKeeper& gate_;
  Verdict actual_;
  std::vector<Counterfactual> found_;
};

}  // namespace

std::vector<Counterfactual> find_counterfactuals(const Circle& circle, const GateKeeper& gate) {
  return Search(circle, gate).run();
}

}  // namespace conclave::consensus
