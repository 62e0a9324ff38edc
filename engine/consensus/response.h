// What experts say, and what a circle of them is asked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/time.h"

namespace conclave::consensus {

struct Citation {
  std::string kind;        // log, template, service or config
  std::string source;      // path as evidence names it, service name, or file
  std::uint64_t line = 0;  // 1-based; 0 if cited by id
  std::string id;
  std::optional<bool> verified;  // set by the engine; nothing before
  std::string excerpt;           // the cited text, set by the engine
  bool operator==(const Citation&) const = default;
};

enum class Stance : std::uint8_t { supports, contradicts, neutral };

struct Claim {
  std::string text;
  Stance stance = Stance::supports;  // of the expert's own verdict
  double severity = 0.5;             // 0 harmless ... 1 fatal
  std::vector<Citation> evidence;
  // At least one citation, and all of them resolved.
  [[nodiscard]] bool verified() const;
  bool operator==(const Claim&) const = default;
};

// A verdict's claim that the engine could resolve.
[[nodiscard]] bool is_proof(const Claim& claim);

enum class Status : std::uint8_t { answered, abstained, failed, timed_out, killed, refused, cancelled };

struct ResponseError {
  std::string type;
  std::string message;
  std::string traceback;
  bool operator==(const ResponseError&) const = default;
};

struct ExpertResponse {
  std::string expert_name;
  std::string scope = "overall";
  Status status = Status::answered;
  std::optional<std::string> verdict;  // the label it puts first; nothing: text without a label
  // What it says of several labels, at most one of the two; see set_probabilities() and set_ranking().
  std::vector<std::pair<std::string, double>> probabilities;  // by label; those not named have 0
  std::vector<std::string> ranking;                           // best supported first
  double confidence = 0.5;                                    // in [0, 1]; the expert's own word, never a raw weight
  double weight = 1.0;                                        // > 0
  std::string content;
  std::vector<Claim> claims;
  nlohmann::json metadata = nlohmann::json::object();
  TimeUs timestamp = 0;
  std::optional<ResponseError> error;  // for failed, timed_out, killed, refused
  double seconds = 0;
  bool operator==(const ExpertResponse&) const = default;
};

// Sets `verdict` and what goes with it: none, or one of the two. Of labels that are as probable the first by name is the verdict.
void set_label(ExpertResponse& response, std::optional<std::string> label);
void set_probabilities(ExpertResponse& response, std::vector<std::pair<std::string, double>> probabilities);
void set_ranking(ExpertResponse& response, std::vector<std::string> ranking);

// Checks of names and ranges: empty name, scope or label, a label named twice; NaN or out-of-range confidence, weight, severity
// or probability; probabilities that do not sum to 1 within 0.01. The error (kind invalid_argument) names response and field.
// Numbers are checked only in what answered: those of a failed response are never used.
[[nodiscard]] Result<void> validate(const ExpertResponse& response);

// Where a label stands among `known`; composed and decomposed letters are the same (NFC).
[[nodiscard]] std::optional<std::size_t> place_of_label(std::span<const std::string> known, std::string_view label);
// Kind invalid_argument for a label that is not one of the question's; names response and field.
[[nodiscard]] Result<void> check_labels(const ExpertResponse& response, std::span<const std::string> known);

struct Gate {
  std::vector<std::string> required;  // experts that must have answered
  std::optional<int> min_answered;    // nothing: more than half of those that did not abstain
  double min_confidence = 0;
  std::vector<std::string> pass;  // empty: the first verdict
  bool operator==(const Gate&) const = default;
};

enum class Similarity : std::uint8_t { cosine, jaccard, levenshtein, semantic };

struct CircleConfig {
  std::optional<double> min_consensus_threshold = 0.7;  // cut for grouping texts, in [0, 1]; nothing: estimated from the texts
  Similarity similarity_algorithm = Similarity::cosine;
  std::string embedding;  // for semantic: the plugin that makes vectors of texts, or how else they are made; never called here
  bool enable_parallel_processing = true;
  int max_threads = 0;  // 0: one per hardware thread
  bool operator==(const CircleConfig&) const = default;
};

// The question put to the circle.
struct Question {
  std::vector<std::string> verdicts = {"healthy", "degraded", "failing"};  // best first if ordered
  bool ordered = true;
  Gate gate;
  CircleConfig circle;
  bool operator==(const Question&) const = default;
};

// What responses are an answer to if nobody says: the usual question; or, if none of their labels is one of its verdicts, which
// of their labels it is, in no order (sorted), of which none passes rather than another.
[[nodiscard]] Question question_of(std::span<const ExpertResponse> responses);

[[nodiscard]] std::string_view stance_name(Stance stance);
[[nodiscard]] std::optional<Stance> stance_from_name(std::string_view name);
[[nodiscard]] std::string_view status_name(Status status);
[[nodiscard]] std::optional<Status> status_from_name(std::string_view name);
[[nodiscard]] std::string_view similarity_name(Similarity similarity);
[[nodiscard]] std::optional<Similarity> similarity_from_name(std::string_view name);

// JSON as in a report; bytes that are not UTF-8 become U+FFFD, numbers that JSON lacks become null. A verdict is text, an object
// label -> probability, a list of labels, best supported first, or null. Reading is strict (kind
// serialization, `where` is the field, for example claims[0].evidence[1].line): unknown fields and wrong types are errors; only
// expert_name, a claim's text and a citation's kind must be there; a null number reads as NaN, which validate() refuses.
[[nodiscard]] nlohmann::json to_json(const ExpertResponse& response);
[[nodiscard]] Result<ExpertResponse> response_from_json(const nlohmann::json& json);

}  // namespace conclave::consensus
