// The JSON form of a response. Reading refuses what it does not know: a misspelt key is an error with a suggestion, never a
// silently ignored wish.
#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <span>
#include <vector>

#include "engine/base/text.h"
#include "engine/consensus/response.h"

namespace conclave::consensus {
namespace {

using nlohmann::json;

json number(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

json text_or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(valid_utf8(text)); }

// Metadata comes from experts and may hold any bytes at any depth; what is nested deeper than a reader's stack bears becomes
// null.
json valid_json(const json& value, int depth = 0) {
  if (depth > 100) return nullptr;
  if (value.is_string()) return valid_utf8(value.get_ref<const std::string&>());
  if (value.is_array()) {
    json out = json::array();
    for (const json& item : value) out.push_back(valid_json(item, depth + 1));
    return out;
  }
  if (value.is_object()) {
    json out = json::object();
    for (const auto& [key, item] : value.items()) out[valid_utf8(key)] = valid_json(item, depth + 1);
    return out;
  }
  if (value.is_number_float()) return number(value.get<double>());
  return value;
}

json to_json(const Citation& citation) {
  return {{"kind", valid_utf8(citation.kind)},
          {"source", valid_utf8(citation.source)},
          {"line", citation.line == 0 ? json(nullptr) : json(citation.line)},
          {"id", text_or_null(citation.id)},
          {"verified", citation.verified ? json(*citation.verified) : json(nullptr)},
          {"excerpt", text_or_null(citation.excerpt)}};
}

json to_json(const Claim& claim) {
  json evidence = json::array();
  for (const Citation& citation : claim.evidence) evidence.push_back(to_json(citation));
  return {{"text", valid_utf8(claim.text)},
          {"stance", stance_name(claim.stance)},
          {"severity", number(claim.severity)},
          {"evidence", std::move(evidence)}};
}

json verdict_json(const ExpertResponse& response) {
  if (!response.verdict) return nullptr;
  json out;
  for (const auto& [label, probability] : response.probabilities) out[valid_utf8(label)] = number(probability);
  for (const std::string& label : response.ranking) out.push_back(valid_utf8(label));
  return out.is_null() ? json(valid_utf8(*response.verdict)) : out;
}

// Members of one object. The first problem is kept in `problem`; later reads leave their target alone.
class Members {
 public:
  Members(const json& object, std::string path, std::optional<Error>& problem, std::initializer_list<std::string_view> known)
      : object_(object), path_(std::move(path)), problem_(problem) {
    if (!object.is_object()) {
      refuse("", "must be an object, not " + std::string(object.type_name()));
      return;
    }
    for (const auto& [key, value] : object.items()) {
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        refuse(valid_utf8(key), "is not a known field" + did_you_mean(key, std::span(known.begin(), known.size())));
      }
    }
  }

  void text(const char* key, std::string& out, bool required = false) {
    const json* const value = find(key, required);
    if (value == nullptr) return;
    if (!value->is_string()) return refuse(key, "must be text, not " + std::string(value->type_name()));
    out = value->get<std::string>();
  }
  void optional_text(const char* key, std::string& out) {
    if (!is_null(key)) text(key, out);
  }
  void verdict(const char* key, ExpertResponse& out) {
    if (is_null(key)) return;
    const json* const value = find(key, false);
    if (value == nullptr) return;
    if (value->is_string()) return set_label(out, value->get<std::string>());
    if (!value->is_object() && !value->is_array()) {
      return refuse(
          key, "must be a label, an object label -> probability or a list of labels, not " + std::string(value->type_name()));
    }
    if (value->empty()) return refuse(key, "must name at least one label");
    if (value->is_array()) {
      if (!std::all_of(value->begin(), value->end(), [](const json& label) { return label.is_string(); })) {
        return refuse(key, "must be a list of labels");
      }
      return set_ranking(out, value->get<std::vector<std::string>>());
    }
    std::vector<std::pair<std::string, double>> probabilities;
    for (const auto& [label, share] : value->items()) {
      if (!share.is_number() && !share.is_null()) return refuse(key, "must give every label a number");
      probabilities.emplace_back(label, share.is_null() ? std::numeric_limits<double>::quiet_NaN() : share.get<double>());
    }
    set_probabilities(out, std::move(probabilities));
  }
  // Null is how a report writes a number that JSON lacks.
  void real(const char* key, double& out) {
    const json* const value = find(key, false);
    if (value == nullptr) return;
    if (value->is_null()) {
      out = std::numeric_limits<double>::quiet_NaN();
    } else if (value->is_number()) {
      out = value->get<double>();
    } else {
      refuse(key, "must be a number, not " + std::string(value->type_name()));
    }
  }
  void count(const char* key, std::uint64_t& out) {
    const json* const value = is_null(key) ? nullptr : find(key, false);
    if (value == nullptr) return;
    if (!value->is_number_integer() || (!value->is_number_unsigned() && value->get<std::int64_t>() < 0)) {
      return refuse(key, "must be a whole number from 0");
    }
    out = value->get<std::uint64_t>();
  }
  void truth(const char* key, std::optional<bool>& out) {
    const json* const value = is_null(key) ? nullptr : find(key, false);
    if (value == nullptr) return;
    if (!value->is_boolean()) return refuse(key, "must be true, false or null");
    out = value->get<bool>();
  }
  template <class T>
  void choice(const char* key, T& out, std::optional<T> (*from_name)(std::string_view)) {
    std::string name;
    if (find(key, false) == nullptr) return;
    text(key, name);
    const auto value = from_name(name);
    if (!value) return refuse(key, "has the unknown value '" + valid_utf8(name) + "'");
    out = *value;
  }
  void time(const char* key, TimeUs& out) {
    const json* const value = is_null(key) ? nullptr : find(key, false);
    if (value == nullptr) return;
    const auto parsed = value->is_string() ? parse_time(value->get_ref<const std::string&>()) : std::nullopt;
    if (!parsed) return refuse(key, "must be an ISO 8601 time");
    out = *parsed;
  }
  // Calls read(item, path) for each item of an array.
  template <class Read>
  void list(const char* key, Read read) {
    const json* const value = find(key, false);
    if (value == nullptr) return;
    if (!value->is_array()) return refuse(key, "must be a list, not " + std::string(value->type_name()));
    for (std::size_t i = 0; i < value->size() && !problem_; ++i) {
      read((*value)[i], join(key) + "[" + std::to_string(i) + "]");
    }
  }
  void object(const char* key, json& out) {
    const json* const value = find(key, false);
    if (value == nullptr) return;
    if (!value->is_object()) return refuse(key, "must be an object, not " + std::string(value->type_name()));
    out = *value;
  }
  [[nodiscard]] bool is_null(const char* key) const {
    return !object_.is_object() || !object_.contains(key) || object_[key].is_null();
  }
  [[nodiscard]] const json& at(const char* key) const { return object_[key]; }
  [[nodiscard]] std::string join(const std::string& key) const {
    if (path_.empty() || key.empty()) return path_ + key;
    return path_ + "." + key;
  }

 private:
  const json* find(const char* key, bool required) {
    if (problem_) return nullptr;
    const auto found = object_.find(key);
    if (found != object_.end()) return &*found;
    if (required) refuse(key, "is missing");
    return nullptr;
  }
  void refuse(const std::string& key, std::string message) {
    if (problem_) return;
    const std::string field = join(key);
    problem_ = Error{ErrorKind::serialization, (field.empty() ? "a response" : field) + " " + std::move(message), field, 0, 0};
  }

  const json& object_;
  std::string path_;
  std::optional<Error>& problem_;
};

Citation read_citation(const json& value, const std::string& path, std::optional<Error>& problem) {
  Citation citation;
  Members members(value, path, problem, {"kind", "source", "line", "id", "verified", "excerpt"});
  members.text("kind", citation.kind, true);
  members.text("source", citation.source);
  members.count("line", citation.line);
  members.optional_text("id", citation.id);
  members.truth("verified", citation.verified);
  members.optional_text("excerpt", citation.excerpt);
  return citation;
}

Claim read_claim(const json& value, const std::string& path, std::optional<Error>& problem) {
  Claim claim;
  Members members(value, path, problem, {"text", "stance", "severity", "evidence"});
  members.text("text", claim.text, true);
  members.choice("stance", claim.stance, &stance_from_name);
  members.real("severity", claim.severity);
  members.list("evidence", [&](const json& item, const std::string& where) {
    claim.evidence.push_back(read_citation(item, where, problem));
  });
  return claim;
}

ResponseError read_error(const json& value, const std::string& path, std::optional<Error>& problem) {
  ResponseError error;
  Members members(value, path, problem, {"type", "message", "traceback"});
  members.optional_text("type", error.type);
  members.optional_text("message", error.message);
  members.optional_text("traceback", error.traceback);
  return error;
}

}  // namespace

json to_json(const ExpertResponse& response) {
  json claims = json::array();
  for (const Claim& claim : response.claims) claims.push_back(to_json(claim));
  json error = nullptr;
  if (response.error) {
    error = {{"type", valid_utf8(response.error->type)},
             {"message", valid_utf8(response.error->message)},
             {"traceback", text_or_null(response.error->traceback)}};
  }
  return {{"expert_name", valid_utf8(response.expert_name)},
          {"scope", valid_utf8(response.scope)},
          {"status", status_name(response.status)},
          {"verdict", verdict_json(response)},
          {"confidence", number(response.confidence)},
          {"weight", number(response.weight)},
          {"content", valid_utf8(response.content)},
          {"claims", std::move(claims)},
          {"metadata", valid_json(response.metadata)},
          {"timestamp", response.timestamp == 0 ? json(nullptr) : json(format_time(response.timestamp))},
          {"error", std::move(error)},
          {"seconds", number(response.seconds)}};
}

Result<ExpertResponse> response_from_json(const json& value) {
  std::optional<Error> problem;
  ExpertResponse response;
  Members members(value, "", problem,
                  {"expert_name", "scope", "status", "verdict", "confidence", "weight", "content", "claims", "metadata",
                   "timestamp", "error", "seconds"});
  members.text("expert_name", response.expert_name, true);
  members.text("scope", response.scope);
  members.choice("status", response.status, &status_from_name);
  members.verdict("verdict", response);
  members.real("confidence", response.confidence);
  members.real("weight", response.weight);
  members.text("content", response.content);
  members.list("claims",
               [&](const json& item, const std::string& where) { response.claims.push_back(read_claim(item, where, problem)); });
  members.object("metadata", response.metadata);
  members.time("timestamp", response.timestamp);
  if (!members.is_null("error")) response.error = read_error(members.at("error"), "error", problem);
  members.real("seconds", response.seconds);
  if (problem) {
    if (!response.expert_name.empty()) problem->message += " (response of '" + valid_utf8(response.expert_name) + "')";
    return tl::unexpected(*problem);
  }
  return response;
}

}  // namespace conclave::consensus
