#include "engine/consensus/response.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>

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

}  // namespace

bool Claim::verified() const {
  return !evidence.empty() && std::all_of(evidence.begin(), evidence.end(), [](const Citation& c) { return c.verified == true; });
}

Result<void> validate(const ExpertResponse& response) {
  if (blank(response.expert_name)) return fail(ErrorKind::circle, "a response has no expert_name", "expert_name");
  const auto refuse = [&](const std::string& field, const std::string& problem) {
    return fail(ErrorKind::circle, field + " " + problem, "response of '" + response.expert_name + "'");
  };
  if (blank(response.scope)) return refuse("scope", "must not be empty");
  if (response.status != Status::answered) return {};
  if (response.verdict && blank(*response.verdict)) return refuse("verdict", "must not be empty");
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

std::string_view stance_name(Stance stance) { return name_of<Stance>(stances, stance); }
std::optional<Stance> stance_from_name(std::string_view name) { return value_of<Stance>(stances, name); }
std::string_view status_name(Status status) { return name_of<Status>(statuses, status); }
std::optional<Status> status_from_name(std::string_view name) { return value_of<Status>(statuses, name); }
std::string_view similarity_name(Similarity similarity) { return name_of<Similarity>(similarities, similarity); }
std::optional<Similarity> similarity_from_name(std::string_view name) { return value_of<Similarity>(similarities, name); }

}  // namespace conclave::consensus
