#include "engine/consensus/response.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "engine/base/text.h"
#include "engine/consensus/folded_text.h"

namespace conclave::consensus {
namespace {

template <class T>
using Names = std::span<const std::pair<T, std::string_view>>;

constexpr std::array<std::pair<Stance, std::string_view>, 3> stances{{
    {Stance::supports, "supports"},
    {Stance::contradicts, "contradicts"},
    {Stance::neutral, "neutral"},
}};

constexpr std::array<std::pair<Status, std::string_view>, 7> statuses{{
    {Status::answered, "answered"},
    {Status::abstained, "abstained"},
    {Status::failed, "failed"},
    {Status::timed_out, "timed_out"},
    {Status::killed, "killed"},
    {Status::refused, "refused"},
    {Status::cancelled, "cancelled"},
}};

constexpr std::array<std::pair<Similarity, std::string_view>, 4> similarities{{
    {Similarity::cosine, "cosine"},
    {Similarity::jaccard, "jaccard"},
    {Similarity::levenshtein, "levenshtein"},
    {Similarity::semantic, "semantic"},
}};

template <class T>
std::string_view name_of(Names<T> names, T value) {
  const auto* const found =
      std::find_if(names.data(), names.data() + names.size(), [&](const auto& n) { return n.first == value; });
  return found == names.data() + names.size() ? std::string_view{"unknown"} : found->second;
}

template <class T>
std::optional<T> value_of(Names<T> names, std::string_view name) {
  for (const auto& [value, text] : names) {
    if (text == name) return value;
  }
  return std::nullopt;
}

bool in_unit_range(double value) { return std::isfinite(value) && value >= 0.0 && value <= 1.0; }

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

std::string response_of(const ExpertResponse& response) { return "response of '" + valid_utf8(response.expert_name) + "'"; }

// Every label a response names.
std::vector<std::string_view> labels_of(const ExpertResponse& response) {
  std::vector<std::string_view> labels(response.ranking.begin(), response.ranking.end());
  for (const auto& [label, probability] : response.probabilities) labels.emplace_back(label);
  if (labels.empty() && response.verdict) labels.emplace_back(*response.verdict);
  return labels;
}

// What is wrong with the verdict; empty if nothing is.
std::string flaw_of_verdict(const ExpertResponse& response) {
  std::set<std::string> seen;
  for (const std::string_view label : labels_of(response)) {
    if (blank(label)) return "must not be empty";
    if (!seen.insert(composed(label)).second) return "names '" + valid_utf8(label) + "' twice";
  }
  if (response.probabilities.empty()) return {};
  double sum = 0.0;
  for (const auto& [label, probability] : response.probabilities) {
    if (!in_unit_range(probability)) {
      return "['" + valid_utf8(label) + "'] must be a number from 0 to 1, not " + std::to_string(probability);
    }
    sum += probability;
  }
  if (std::abs(sum - 1.0) > 0.01 + 1e-9) return "must be probabilities that sum to 1, not to " + std::to_string(sum);
  return {};
}

}  // namespace

void set_label(ExpertResponse& response, std::optional<std::string> label) {
  response.verdict = std::move(label);
  response.probabilities.clear();
  response.ranking.clear();
}

void set_probabilities(ExpertResponse& response, std::vector<std::pair<std::string, double>> probabilities) {
  std::sort(probabilities.begin(), probabilities.end());
  const auto first = std::max_element(probabilities.begin(), probabilities.end(),
                                      [](const auto& a, const auto& b) { return a.second < b.second; });
  set_label(response, first == probabilities.end() ? std::nullopt : std::optional(first->first));
  response.probabilities = std::move(probabilities);
}

void set_ranking(ExpertResponse& response, std::vector<std::string> ranking) {
  set_label(response, ranking.empty() ? std::nullopt : std::optional(ranking.front()));
  response.ranking = std::move(ranking);
}

bool Claim::verified() const {
  return !evidence.empty() && std::all_of(evidence.begin(), evidence.end(), [](const Citation& c) { return c.verified == true; });
}

bool is_proof(const Claim& claim) { return claim.stance == Stance::supports && claim.verified(); }

Result<void> validate(const ExpertResponse& response) {
  if (blank(response.expert_name)) return fail(ErrorKind::invalid_argument, "expert_name must not be empty", "a response");
  const auto refuse = [&](const std::string& field, const std::string& problem) {
    return fail(ErrorKind::invalid_argument, field + (problem.front() == '[' ? "" : " ") + problem, response_of(response));
  };
  if (blank(response.scope)) return refuse("scope", "must not be empty");
  if (response.status != Status::answered) return {};
  if (const std::string flaw = flaw_of_verdict(response); !flaw.empty()) return refuse("verdict", flaw);
  if (!in_unit_range(response.confidence)) {
    return refuse("confidence", "must be a number from 0 to 1, not " + std::to_string(response.confidence));
  }
  if (!std::isfinite(response.weight) || response.weight <= 0.0) {
    return refuse("weight", "must be a number greater than 0, not " + std::to_string(response.weight));
  }
  for (std::size_t i = 0; i < response.claims.size(); ++i) {
    const double severity = response.claims[i].severity;
    if (!in_unit_range(severity)) {
      return refuse("claims[" + std::to_string(i) + "].severity",
                    "must be a number from 0 to 1, not " + std::to_string(severity));
    }
  }
  return {};
}

std::optional<std::size_t> place_of_label(std::span<const std::string> known, std::string_view label) {
  const auto place = [&](const auto& is_it) -> std::optional<std::size_t> {
    const auto found = std::find_if(known.begin(), known.end(), is_it);
    return found == known.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - known.begin()));
  };
  if (const auto exact = place([&](const std::string& each) { return each == label; })) return exact;
  const std::string form = composed(label);
  return place([&](const std::string& each) { return composed(each) == form; });
}

Result<void> check_labels(const ExpertResponse& response, std::span<const std::string> known) {
  for (const std::string_view label : labels_of(response)) {
    if (place_of_label(known, label)) continue;
    const std::vector<std::string_view> names(known.begin(), known.end());
    return fail(ErrorKind::invalid_argument,
                "the verdict '" + valid_utf8(label) + "' is not one of the question's" + did_you_mean(label, names),
                response_of(response));
  }
  return {};
}

Question question_of(std::span<const ExpertResponse> responses) {
  Question question;
  std::map<std::string, std::string_view> said;  // by composed form
  for (const ExpertResponse& response : responses) {
    if (response.status != Status::answered) continue;
    for (const std::string_view label : labels_of(response)) {
      if (place_of_label(question.verdicts, label)) return question;
      if (!blank(label)) said.emplace(composed(label), label);
    }
  }
  if (said.empty()) return question;
  question.verdicts.clear();
  for (const auto& [form, label] : said) question.verdicts.emplace_back(label);
  question.ordered = false;
  question.gate.pass = question.verdicts;
  return question;
}

std::string_view stance_name(Stance stance) { return name_of<Stance>(stances, stance); }
std::optional<Stance> stance_from_name(std::string_view name) { return value_of<Stance>(stances, name); }
std::string_view status_name(Status status) { return name_of<Status>(statuses, status); }
std::optional<Status> status_from_name(std::string_view name) { return value_of<Status>(statuses, name); }
std::string_view similarity_name(Similarity similarity) { return name_of<Similarity>(similarities, similarity); }
std::optional<Similarity> similarity_from_name(std::string_view name) { return value_of<Similarity>(similarities, name); }

}  // namespace conclave::consensus
