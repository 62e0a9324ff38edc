// What a judged report teaches: who said what, and what was true. Small and without texts, so that it outlives the report.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/consensus/response.h"

namespace conclave::consensus {

// What is learned from one list of verdicts is never used for another.
struct VerdictList {
  std::vector<std::string> labels;  // best first if ordered
  bool ordered = true;
  auto operator<=>(const VerdictList&) const = default;  // NOLINT(modernize-use-nullptr): a false alarm of clang-tidy 14
};

struct Opinion {
  std::string expert;
  std::string scope;
  Status status = Status::answered;
  std::optional<std::string> verdict;
  double confidence = 0.5;
  bool votes = false;  // its verdict counted
  std::size_t claims = 0;
  std::size_t verified_claims = 0;
  bool operator==(const Opinion&) const = default;
};

// One judgement: of a report's verdict, or of one of its scopes.
struct Lesson {
  std::string report;  // its id
  std::string scope;   // empty: of the report's verdict
  VerdictList question;
  std::vector<std::string> passing;
  std::optional<std::string> verdict;                                      // of the report
  double confidence = 0;                                                   // in that verdict, before calibration
  std::vector<std::pair<std::string, std::optional<std::string>>> scopes;  // with their verdicts
  // Of each of `scopes` its probabilities by label; empty for one that says nothing. Empty: the judgement is older than this.
  std::vector<std::vector<double>> said;
  std::vector<Opinion> opinions;
  std::vector<std::string> truth;  // labels of which one was true; neither none nor all
  bool operator==(const Lesson&) const = default;
};

[[nodiscard]] nlohmann::json to_json(const Lesson& lesson);
// Kind serialization for anything that to_json does not write.
[[nodiscard]] Result<Lesson> lesson_from_json(const nlohmann::json& json);

// A scope of a judged report of which something is known. Borrows the lesson.
struct JudgedScope {
  const Lesson* lesson = nullptr;
  std::string scope;
  std::vector<bool> possible;                              // by label; neither none nor all
  std::vector<const Opinion*> votes;                       // by expert
  [[nodiscard]] std::optional<std::size_t> truth() const;  // if only one label is possible
  [[nodiscard]] std::size_t label_of(const Opinion& vote) const;
};

// By report and scope, whatever the order of the lessons, which are all of one question. Of an ordered question with several
// scopes a judgement of the report says of each that it was not worse than the worst that was true; and if the report was right
// and one scope alone made it so, that this scope was right. Judgements of scopes come before that.
[[nodiscard]] std::vector<JudgedScope> judged_scopes(std::span<const Lesson> lessons);

// A verdict and whether what its confidence is the probability of (conclude.h) came true.
struct JudgedVerdict {
  double confidence = 0;  // before calibration
  bool held = false;
};

// By report; without those of which the judgement leaves it open. Confidence is what it would be with this dependence between
// scopes (voting.h), wherever it is known what they said.
[[nodiscard]] std::vector<JudgedVerdict> judged_verdicts(std::span<const Lesson> lessons, double dependence = 0.0);

// A judged report of an ordered question in which several scopes said something.
struct JudgedCase {
  std::vector<double> good;                             // by scope, the probability it gave to a label that passes or is better
  bool passes = false;                                  // whether the truth is one
  auto operator<=>(const JudgedCase&) const = default;  // NOLINT(modernize-use-nullptr): as above
};

// By report; without those of which the judgement leaves it open.
[[nodiscard]] std::vector<JudgedCase> judged_cases(std::span<const Lesson> lessons);

}  // namespace conclave::consensus
