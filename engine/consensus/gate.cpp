#include "engine/consensus/gate.h"

#include <algorithm>
#include <cstdint>
#include <set>

#include "engine/base/text.h"

namespace conclave::consensus {
namespace {

std::string count_experts(std::size_t count) { return std::to_string(count) + (count == 1 ? " expert" : " experts"); }

std::size_t count_votes(const Ballot& ballot, std::size_t label) {
  return static_cast<std::size_t>(
      std::count_if(ballot.votes.begin(), ballot.votes.end(), [&](const Vote& vote) { return vote.label == label; }));
}

std::vector<std::string> scopes_with(const Circle& circle, Decision decision) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < circle.ballots.size(); ++i) {
    if (circle.outcomes[i].decision == decision) out.push_back(circle.ballots[i].scope);
  }
  return out;
}

std::string verb(std::size_t count, const char* one, const char* many) { return count == 1 ? one : many; }

// ", although ...": a lone alarm is never passed over in silence.
std::string unconfirmed_note(const Circle& circle) {
  const std::vector<std::string> scopes = scopes_with(circle, Decision::unconfirmed);
  if (scopes.empty()) return {};
  return "; a lone expert's alarm in " + list_names(scopes) + " is not confirmed by a verified claim";
}

// Of several voters no two say the same.
bool all_differ(const Ballot& ballot) {
  std::set<std::size_t> labels;
  for (const Vote& vote : ballot.votes) labels.insert(vote.label);
  return ballot.votes.size() > 1 && labels.size() == ballot.votes.size();
}

// "All 3 experts say healthy", "2 of 3 experts say healthy"; `where` is put behind it.
std::string vote_words(std::size_t agreeing, std::size_t voting, const std::string& label, const std::string& where) {
  const std::string all = voting == 2 ? "Both experts say " : "All " + count_experts(voting) + " say ";
  if (agreeing == voting && voting > 1) return all + label + where;
  return std::to_string(agreeing) + " of " + count_experts(voting) + " " + verb(agreeing, "says ", "say ") + label + where;
}

// How texts without labels lie to each other.
std::string group_words(const Circle& circle) {
  const std::size_t all = circle.answered.size();
  if (all == 0) return {};
  const std::size_t largest = circle.groups.front().size();
  if (all == 1) return "; it is a single opinion";
  if (largest == all) return "; all " + std::to_string(all) + " say much the same";
  if (largest == 1) return "; no two of the " + std::to_string(all) + " are alike";
  return "; the largest group holds " + std::to_string(largest) + " of " + std::to_string(all);
}

}  // namespace

GateKeeper::GateKeeper(const Circle& circle, const Question& question, bool evidence_unreadable, const std::string& not_compared,
                       const Calibration& calibration)
    : circle_(circle),
      question_(question),
      evidence_unreadable_(evidence_unreadable),
      not_compared_(not_compared),
      calibration_(calibration),
      answers_(refusal_of_answers()) {}

std::optional<std::string> GateKeeper::refusal_of_answers() const {
  if (circle_.members.empty()) return "nobody was asked";
  std::vector<std::string> missing;
  for (const std::string& required : question_.gate.required) {
    const bool answered = std::any_of(circle_.answered.begin(), circle_.answered.end(),
                                      [&](std::size_t i) { return circle_.members[i].response->expert_name == required; });
    if (!answered) missing.push_back(valid_utf8(required));
  }
  if (!missing.empty()) {
    return "the required " + std::string(verb(missing.size(), "expert ", "experts ")) + list_names(missing) + " did not answer";
  }
  const std::size_t answered = circle_.answered.size();
  if (question_.gate.min_answered) {
    const auto least = static_cast<std::size_t>(*question_.gate.min_answered);
    if (answered >= least) return std::nullopt;
    return "only " + std::to_string(answered) + " of the " + count_experts(least) + " that the gate demands answered";
  }
  const auto asked =
      static_cast<std::size_t>(std::count_if(circle_.members.begin(), circle_.members.end(),
                                             [](const Member& member) { return member.response->status != Status::abstained; }));
  if (asked == 0) return "every expert abstained";
  if (2 * answered > asked) return std::nullopt;
  if (answered == 0) return "no expert answered";
  return "only " + std::to_string(answered) + " of " + count_experts(asked) + " answered, not more than half";
}

std::optional<std::string> GateKeeper::refusal(const CaseOutcome& outcome) const {
  if (answers_) return answers_;
  const auto tied = [&] {
    const std::vector<std::string> scopes = scopes_with(circle_, Decision::tie);
    return "the votes are tied in " + list_names(scopes);
  };
  if (!outcome.label) {
    if (!circle_.has_labels())
      return "no expert gave a verdict, so the answers were only grouped by their text" + group_words(circle_);
    if (outcome.contested) return scopes_with(circle_, Decision::tie).empty() ? "the votes are tied" : tied();
    if (!scopes_with(circle_, Decision::unconfirmed).empty()) return "no verdict could be confirmed" + unconfirmed_note(circle_);
    return "every verdict rests on claims that could not be verified";
  }
  const bool passing = circle_.labels.passing[*outcome.label];
  if (passing && outcome.contested) return scopes_with(circle_, Decision::tie).empty() ? "the votes are tied" : tied();
  if (const double confidence = calibration_(outcome.probability); confidence < question_.gate.min_confidence) {
    return "the confidence " + two_digits(confidence) + " in " + circle_.labels.names[*outcome.label] + " is below the " +
           two_digits(question_.gate.min_confidence) + " that the gate demands";
  }
  if (passing && evidence_unreadable_) {
    return "the experts say " + circle_.labels.names[*outcome.label] + ", but part of the evidence could not be read";
  }
  if (passing && !not_compared_.empty()) {
    return "the experts say " + circle_.labels.names[*outcome.label] +
           ", but their texts could not be compared: " + valid_utf8(not_compared_);
  }
  return std::nullopt;
}

std::string scope_reason(const Circle& circle, std::size_t index) {
  const Ballot& ballot = circle.ballots[index];
  const ScopeOutcome& outcome = circle.outcomes[index];
  const std::string& label = circle.labels.names[outcome.label];
  switch (outcome.decision) {
    case Decision::no_votes:
      return "No vote counts: every verdict here rests on claims that could not be verified.";
    case Decision::tie:
      return all_differ(ballot) ? "The votes are tied: no two of " + count_experts(ballot.votes.size()) + " agree."
                                : "The votes are tied.";
    case Decision::unconfirmed:
      return "Only " + circle.members[ballot.votes.front().member].name + " says " + label + ", without a verified claim.";
    case Decision::decided:
      break;
  }
  const std::size_t agreeing = count_votes(ballot, outcome.label);
  if (agreeing == 0)
    return label + " has the most support of " + count_experts(ballot.votes.size()) + ", though none puts it first.";
  if (ballot.votes.size() == 1)
    return "Only " + circle.members[ballot.votes.front().member].name + " looked here: " + label + ".";
  if (all_differ(ballot)) {
    return "No two of " + count_experts(ballot.votes.size()) + " agree; " + label + " leads by confidence and weight alone.";
  }
  return vote_words(agreeing, ballot.votes.size(), label, ".");
}

std::string case_reason(const Circle& circle, const CaseOutcome& outcome, const std::optional<std::string>& refusal) {
  if (refusal) return "No consensus: " + *refusal + ".";
  const std::string& label = circle.labels.names[*outcome.label];
  std::vector<std::string> worst;
  std::size_t decided = 0;
  std::size_t agreeing = 0;
  std::size_t voting = 0;
  const Ballot* decisive = nullptr;  // the last of the worst
  for (std::size_t i = 0; i < circle.ballots.size(); ++i) {
    if (circle.outcomes[i].decision != Decision::decided) continue;
    ++decided;
    if (circle.outcomes[i].label != *outcome.label) continue;
    decisive = &circle.ballots[i];
    worst.push_back(decisive->scope);
    agreeing += count_votes(circle.ballots[i], *outcome.label);
    voting += circle.ballots[i].votes.size();
  }
  const std::string votes = std::to_string(agreeing) + " of " + count_experts(voting);
  const std::string note = unconfirmed_note(circle);
  if (agreeing == 0) {
    return label + " has the most support of " + count_experts(voting) + " in " + list_names(worst) +
           ", though none puts it first" + note + ".";
  }
  if (circle.answered.size() == 1) {
    return "Single opinion: only " + circle.members[circle.answered.front()].name + " answered, with " + label + " in " +
           worst.front() + ".";
  }
  if (decided == 1 && agreeing == 1 && voting > 1 && all_differ(*decisive)) {
    return "No two of " + count_experts(voting) + " agree in " + worst.front() + "; " + label +
           " leads by confidence and weight alone" + note + ".";
  }
  if (decided == 1) return vote_words(agreeing, voting, label, " in " + worst.front()) + note + ".";
  if (worst.size() == decided) {
    return "All " + std::to_string(decided) + " scopes that were judged are " + label + " (" + votes + ")" + note + ".";
  }
  return "The worst confirmed " + std::string(verb(worst.size(), "scope is ", "scopes are ")) + list_names(worst) + ": " + label +
         " (" + votes + ")" + note + ".";
}

}  // namespace conclave::consensus
