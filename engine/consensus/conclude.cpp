#include "engine/consensus/conclude.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "engine/base/text.h"
#include "engine/consensus/circle.h"
#include "engine/consensus/confidence_interval.h"
#include "engine/consensus/counterfactuals.h"
#include "engine/consensus/explanation.h"
#include "engine/consensus/families.h"
#include "engine/consensus/folded_text.h"
#include "engine/consensus/gate.h"
#include "engine/consensus/insights.h"
#include "engine/consensus/reliability/weights.h"
#include "engine/consensus/voting.h"

namespace conclave::consensus {
namespace {

bool in_unit_range(double value) { return std::isfinite(value) && value >= 0.0 && value <= 1.0; }

Result<void> check(const Question& question, double evidence_coverage) {
  const auto refuse = [](std::string message) { return fail(ErrorKind::invalid_argument, std::move(message)); };
  if (question.verdicts.empty()) return refuse("a question needs at least one verdict");
  std::set<std::string> known;
  for (const std::string& verdict : question.verdicts) known.insert(composed(verdict));
  if (known.size() != question.verdicts.size()) return refuse("a verdict is named twice");
  if (known.contains("")) return refuse("a verdict has no name");
  for (const std::string& pass : question.gate.pass) {
    if (!place_of_label(question.verdicts, pass))
      return refuse("gate.pass names '" + valid_utf8(pass) + "', which is not one of the verdicts");
  }
  if (!in_unit_range(question.gate.min_confidence)) return refuse("gate.min_confidence must be a number from 0 to 1");
  if (question.gate.min_answered.value_or(0) < 0) return refuse("gate.min_answered must not be negative");
  if (!in_unit_range(question.circle.min_consensus_threshold.value_or(0))) {
    return refuse("circle.min_consensus_threshold must be a number from 0 to 1");
  }
  if (question.circle.max_threads < 0) return refuse("circle.max_threads must not be negative");
  if (!in_unit_range(evidence_coverage)) return refuse("evidence coverage must be a number from 0 to 1");
  return {};
}

Result<void> check(std::span<const ExpertResponse> responses, const Question& question) {
  for (std::size_t i = 0; i < responses.size(); ++i) {
    const ExpertResponse& response = responses[i];
    auto valid = validate(response);
    if (valid && response.status == Status::answered) valid = check_labels(response, question.verdicts);
    if (valid) continue;
    valid.error().where += " (responses[" + std::to_string(i) + "])";
    return valid;
  }
  return {};
}

// What came from an embedding, or from a receipt.
Result<void> check(const std::optional<Agreements>& agreements, const std::string& not_compared, std::size_t responses,
                   const Question& question) {
  const auto refuse = [](std::string message) { return fail(ErrorKind::circle, std::move(message)); };
  const bool semantic = question.circle.similarity_algorithm == Similarity::semantic;
  if (!not_compared.empty() && (agreements || !semantic)) return refuse("texts are compared by an embedding, or they are not");
  if (!agreements && semantic && not_compared.empty())
    return refuse("texts are to be compared by an embedding, and there is none");
  if (!agreements) return {};
  if (!semantic) return refuse("vectors of an embedding are for similarity_algorithm semantic");
  bool fits = agreements->size() == responses;
  for (std::size_t i = 0; fits && i < responses; ++i) {
    fits = (*agreements)[i].size() == responses && std::all_of((*agreements)[i].begin(), (*agreements)[i].end(), &in_unit_range);
  }
  for (std::size_t i = 0; fits && i < responses; ++i) {
    for (std::size_t j = 0; fits && j < i; ++j) fits = (*agreements)[i][j] == (*agreements)[j][i];
  }
  if (!fits) return refuse("agreements must be a symmetric matrix over all responses, from 0 to 1");
  return {};
}

// How far feedback goes, for a reader who wonders how much a number is worth.
void add_learning(const Learned& learned, std::vector<Insight>& out) {
  const Calibration& calibration = learned.calibration;
  if (calibration.method != Calibration::Method::none) {
    out.push_back({"calibration", "confidence is calibrated on " + std::to_string(calibration.judged) + " judged verdicts", {}});
  } else if (calibration.judged == 0) {
    out.push_back({"calibration", "confidence is uncalibrated until verdicts have been judged", {}});
  } else {
    out.push_back({"calibration",
                   "confidence is uncalibrated: " + std::to_string(calibration.judged) + " of the " +
                       std::to_string(least_for_platt) + " judged verdicts that it takes are there",
                   {}});
  }
  if (learned.nothing()) return;
  if (!learned.weights.empty()) {
    out.push_back({"weights", "experts are weighed by " + std::to_string(learned.judged) + " judged answers", {}});
  } else if (learned.judged < least_for_weights) {
    out.push_back({"weights",
                   "experts weigh alike: " + std::to_string(learned.judged) + " of the " + std::to_string(least_for_weights) +
                       " judged answers that it takes are there",
                   {}});
  } else {
    out.push_back({"weights", "experts weigh alike: in judged answers their votes told nothing of the truth", {}});
  }
  if (learned.dependence.strength > 0.0) {
    out.push_back({"dependence",
                   "scopes are taken to fail together more often than by chance (" + two_digits(learned.dependence.strength) +
                       " of 1), as in " + std::to_string(learned.dependence.judged) + " judged reports",
                   {}});
  }
}

// Who has one vote together.
void add_copies(const Circle& circle, std::vector<Insight>& out) {
  for (const auto& family : circle.known_copies) {
    std::set<std::string> names;
    for (const Ballot& ballot : circle.ballots) {
      std::vector<std::string> here;
      for (const Vote& vote : ballot.votes) {
        const std::string& name = circle.members[vote.member].name;
        if (std::binary_search(family.begin(), family.end(), name)) here.push_back(name);
      }
      if (here.size() > 1) names.insert(here.begin(), here.end());
    }
    if (names.size() < 2) continue;
    const std::vector<std::string> experts(names.begin(), names.end());
    out.push_back({"copies", list_names(experts) + " repeat each other in judged reports, errors too, and have one vote together",
                   experts});
  }
}

std::vector<ScopeVerdict> scope_verdicts(const Circle& circle) {
  std::vector<ScopeVerdict> out;
  for (std::size_t i = 0; i < circle.ballots.size(); ++i) {
    const Ballot& ballot = circle.ballots[i];
    const ScopeOutcome& outcome = circle.outcomes[i];
    ScopeVerdict verdict;
    verdict.scope = ballot.scope;
    if (outcome.decision == Decision::decided) verdict.verdict = circle.labels.names[outcome.label];
    for (std::size_t k = 0; k < circle.labels.names.size(); ++k) {
      verdict.probabilities.emplace_back(circle.labels.names[k], outcome.probabilities[k]);
    }
    std::vector<std::size_t> voters;
    for (const Vote& vote : ballot.votes) voters.push_back(vote.member);
    verdict.voters = circle.names(voters);
    verdict.confirmed = outcome.decision != Decision::unconfirmed;
    verdict.reason = scope_reason(circle, i);
    out.push_back(std::move(verdict));
  }
  return out;
}

std::map<std::string, double> shares_of_weight(const Circle& circle) {
  std::vector<std::pair<const Member*, double>> heard;
  if (circle.has_labels()) {
    for (const Ballot& ballot : circle.ballots) {
      for (const Vote& vote : ballot.votes) heard.emplace_back(&circle.members[vote.member], vote.weight);
    }
  } else {
    for (const std::size_t i : circle.answered) heard.emplace_back(&circle.members[i], circle.members[i].response->weight);
  }
  double heaviest = 0.0;
  for (const auto& [member, weight] : heard) heaviest = std::max(heaviest, weight);
  double total = 0.0;
  for (const auto& [member, weight] : heard) total += weight / heaviest;
  std::map<std::string, double> shares;
  for (const auto& [member, weight] : heard) shares[member->name] += weight / heaviest / total;
  return shares;
}

double coverage(const Circle& circle, double evidence_coverage) {
  if (circle.members.empty()) return 0.0;
  std::size_t useful = circle.has_labels() ? 0 : circle.answered.size();
  for (std::size_t i = 0; i < circle.ballots.size(); ++i) {
    if (circle.outcomes[i].decision != Decision::unconfirmed) useful += circle.ballots[i].votes.size();
  }
  return evidence_coverage * static_cast<double>(useful) / static_cast<double>(circle.members.size());
}

void write_texts(const Circle& circle, ConsensusResult& result) {
  const auto n = static_cast<Eigen::Index>(circle.answered.size());
  for (Eigen::Index i = 0; i < n; ++i) {
    auto& row = result.agreement_matrix.emplace_back();
    for (Eigen::Index j = 0; j < n; ++j) row.push_back(circle.similarity(i, j));
  }
  for (const std::size_t i : circle.answered) result.matrix_experts.push_back(circle.members[i].name);
  for (const auto& group : circle.groups) {
    std::vector<std::size_t> members;
    for (const std::size_t i : group) members.push_back(circle.answered[i]);
    result.groups.push_back(circle.names(members));
  }
  result.grouping_threshold = circle.threshold;
  result.threshold_estimated = circle.threshold_estimated;
}

}  // namespace

Result<ConsensusResult> conclude(std::span<const ExpertResponse> responses, const Question& question, double evidence_coverage,
                                 bool evidence_unreadable, const std::optional<Agreements>& agreements,
                                 const std::string& not_compared, const Learned& learned) {
  if (auto valid = check(question, evidence_coverage); !valid) return tl::unexpected(valid.error());
  if (auto valid = check(responses, question); !valid) return tl::unexpected(valid.error());
  if (auto valid = check(agreements, not_compared, responses.size(), question); !valid) return tl::unexpected(valid.error());

  Question asked = question;  // outlives the circle, which borrows it
  if (!not_compared.empty()) asked.circle.similarity_algorithm = Similarity::cosine;
  const Circle circle = make_circle(responses, asked, agreements, learned);
  const CaseOutcome outcome = decide_case(circle.outcomes, circle.labels, circle.dependence);
  const Calibration& calibration = learned.calibration;
  const GateKeeper gate(circle, asked, evidence_unreadable, not_compared, calibration);
  const std::optional<std::string> refusal = gate.refusal(outcome);

  ConsensusResult result;
  if (!refusal) {
    result.verdict = circle.labels.names[*outcome.label];
    result.passed = circle.labels.passing[*outcome.label];
  }
  result.statements = find_statements(circle, refusal ? std::nullopt : outcome.label);
  result.consensus_text = text_of(result.statements);
  result.reason = case_reason(circle, outcome, refusal);
  result.uncalibrated_score = circle.has_labels() ? outcome.probability : heaviest_group(circle).share;
  result.confidence_score = outcome.label ? calibration(outcome.probability) : result.uncalibrated_score;
  result.calibrated = outcome.label && calibration.method != Calibration::Method::none;
  result.confidence_interval = confidence_interval(circle, outcome, learned.answers);
  if (auto& interval = result.confidence_interval; interval && outcome.label)
    interval = {calibration(interval->first), calibration(interval->second)};
  result.coverage = coverage(circle, evidence_coverage);
  result.scopes = scope_verdicts(circle);
  result.dissenting_opinions = find_dissent(circle);
  result.key_insights = find_insights(circle, evidence_coverage);
  if (circle.has_labels()) {
    add_learning(learned, result.key_insights);
    add_copies(circle, result.key_insights);
  }
  result.effective_experts = effective_experts(circle);
  result.weights = shares_of_weight(circle);
  result.counterfactuals = find_counterfactuals(circle, gate);
  write_texts(circle, result);
  return result;
}

}  // namespace conclave::consensus
