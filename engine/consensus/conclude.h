// From responses to a verdict: pooled within a scope, as bad as the worst confirmed scope across them, then the gate.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/consensus/reliability/learned.h"
#include "engine/consensus/response.h"
#include "engine/consensus/semantic.h"

namespace conclave::consensus {

struct ScopeVerdict {
  std::string scope;
  std::optional<std::string> verdict;  // nothing: tie, no votes, or bad but not confirmed
  std::vector<std::pair<std::string, double>>
      probabilities;                // by label in the order of the question; sums to 1; even if no votes
  std::vector<std::string> voters;  // names, sorted
  bool confirmed = true;            // false: a lone expert says bad without a verified claim
  std::string reason;               // one sentence: how the verdict came about
};

struct Dissent {
  std::string scope;
  std::string verdict;
  std::vector<std::string> experts;  // sorted
  std::string content;               // of the best of them
  std::vector<std::string> unique_claims;
  std::string best_expert = {};  // by weight, which is what its track record gives it, then proof, then confidence
  double effective_experts = 0;  // as of ConsensusResult, of these experts alone
};

// What the consensus says, in the words of one expert.
struct Statement {
  std::string text;
  std::string expert;  // whose words they are
  std::string scope;
  bool claim = false;                    // else its answer
  std::vector<std::string> supports;     // experts, sorted, with this one: whose claims say the same, or who carried the verdict
  std::vector<std::string> contradicts;  // whose claims say the same for another verdict, or who voted otherwise
  std::size_t voters = 0;                // of that scope; without labels, all who answered
  bool verified = false;                 // a supporter's claim could be resolved
};

struct Counterfactual {
  std::vector<std::string> experts;  // smallest sets whose change of verdict would change the case's verdict
  std::string scope;                 // "a and b" where several must change
  std::string becomes;               // the verdict then; empty: no consensus
};

struct Insight {
  std::string kind;  // theme, outlier, coverage, unverified, unconfirmed, ...
  std::string text;
  std::vector<std::string> experts;
};

struct ConsensusResult {
  std::optional<std::string> verdict;  // nothing: no consensus
  bool passed = false;
  std::string reason;  // why this verdict, or why none: which gate refused
  // In [0, 1]. Probability that the verdict errs on neither side that matters to the reader: for a passing verdict, that the case
  // is at least that good; for another, that it is at least that bad ("degraded, 0.9": something is wrong, and perhaps more so).
  // For unordered questions, of that very label. Where the gate refused, of the verdict it refused; 0 for a tie. Without labels
  // the weight share of the heaviest group of texts. The verdict itself is a vote (voting.cpp), so among contradicting experts of
  // little confidence it may be below a half.
  double confidence_score = 0;
  // From 2.5 % to 97.5 % of what confidence_score would be in other circles of the same families of experts in each scope, by
  // bootstrap; near-copies with the same verdict are one family. A family that is alone in its scope is trusted as far as its
  // judged verdicts and four more would have it. Holds confidence_score. Nothing for fewer than three families.
  std::optional<std::pair<double, double>> confidence_interval;
  bool calibrated = false;        // confidence and interval were compared with outcomes; false: the experts' own word, pooled
  double uncalibrated_score = 0;  // confidence_score before that
  // Share of asked experts whose vote counts, times the share of evidence that could be read, in [0, 1]. Votes in scopes that are
  // not confirmed do not count. Without labels, share of those that answered.
  double coverage = 0;
  std::string consensus_text;         // the statements, each on its line, claims with their support
  std::vector<Statement> statements;  // the central answer first, then claims, best supported first
  std::vector<ScopeVerdict> scopes;   // sorted by name
  std::vector<Dissent> dissenting_opinions;
  std::vector<Insight> key_insights;
  std::vector<std::vector<double>> agreement_matrix;  // n x n in the order of the answered responses below
  std::vector<std::string> matrix_experts;
  std::vector<std::vector<std::string>> groups;  // names by text similarity
  double grouping_threshold = 0;                 // at which texts were grouped
  bool threshold_estimated = false;              // from the texts; else given
  std::map<std::string, double> weights;         // by expert, its share of all votes that count; without labels, of all answers
  double effective_experts = 0;
  std::vector<Counterfactual> counterfactuals;
};

// Votes, and what they make of a scope and of the case, are in voting.h. An unconfirmed scope does not keep the others from
// passing: it is named in `reason`, stays in key_insights and dissenting_opinions, and lowers coverage. A tied scope forbids a
// pass.
//
// Deterministic: independent of the order of responses and of threads, bit by bit. Claims must have been verified by the caller
// (Citation::verified); a bad verdict resting only on unverified claims does not vote, nor does a good one that cites and of
// whose citations none was found. `evidence_coverage` in [0, 1] is the share of named evidence that could be read and scales
// coverage; below 1 with `evidence_unreadable` set there is no consensus on a pass. A response that validate() refuses or whose
// verdict is not in the question is an error: the caller records it as failed first. A circle whose texts are compared by
// Similarity::semantic needs `agreements`, or why there are none in `not_compared`, and no other takes them; kind circle
// otherwise. Not compared, texts are grouped as by Similarity::cosine, which may miss who only repeats another: there is no
// consensus on a pass. Weights are those of the responses: of what was learned the calibration is applied here,
// also to what the gate demands, the dependence between scopes, and who only repeats whom: near-copies that vote in one scope
// have one vote together, the mean of theirs. The insights say how far it all goes.
[[nodiscard]] Result<ConsensusResult> conclude(std::span<const ExpertResponse> responses, const Question& question,
                                               double evidence_coverage = 1.0, bool evidence_unreadable = false,
                                               const std::optional<Agreements>& agreements = std::nullopt,
                                               const std::string& not_compared = {}, const Learned& learned = {});

}  // namespace conclave::consensus
