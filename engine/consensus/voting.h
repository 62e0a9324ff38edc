// How votes become the verdict of a scope, and the verdicts of scopes that of the case. Pure functions of their arguments.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace conclave::consensus {

struct Labels {
  std::vector<std::string> names;  // best first if ordered
  bool ordered = true;
  std::vector<bool> passing;  // by label
};

struct Vote {
  std::size_t member = 0;  // who, as an index of the circle
  std::size_t label = 0;
  double confidence = 0.5;
  double weight = 1.0;
  bool proven = false;  // supported by a verified claim
  // Of who speaks of several labels (opinion.h), by label. Empty: all is said by `label`.
  std::vector<double> support;        // the part of its vote that a label gets, at most 1
  std::vector<double> probabilities;  // sums to 1
};

enum class Decision { decided, tie, unconfirmed, no_votes };

struct ScopeOutcome {
  Decision decision = Decision::no_votes;
  std::size_t label = 0;              // decided: the verdict; unconfirmed: what the lone expert says
  std::vector<double> probabilities;  // by label
};

// Votes must come in canonical order, so that sums are the same bits whatever the order of the responses was.
[[nodiscard]] ScopeOutcome decide_scope(std::span<const Vote> votes, const Labels& labels);

// How scopes of an ordered question hang together, from 0 to 1. That all of them are good has the probability product^(1 - d) *
// least^d: at 0 they are independent, at 1 what one of them lacks all lack.
using Dependence = double;

struct CaseOutcome {
  std::optional<std::size_t> label;
  double probability = 0;  // 0 without a label
  bool contested = false;  // a scope is tied
};

[[nodiscard]] CaseOutcome decide_case(std::span<const ScopeOutcome> scopes, const Labels& labels, Dependence dependence = 0.0);

// Of `label` as confidence_score means it (conclude.h).
[[nodiscard]] double case_probability(std::span<const ScopeOutcome> scopes, std::size_t label, const Labels& labels,
                                      Dependence dependence = 0.0);
// That all are good, of the probabilities that each is.
[[nodiscard]] double all_good(std::span<const double> good, Dependence dependence);

}  // namespace conclave::consensus
