#include "engine/config/problem.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/base/text.h"

namespace conclave::config {
namespace {

std::string_view kind_name(const Node& node) {
  switch (node.kind) {
    case NodeKind::null:
      return "nothing";
    case NodeKind::list:
      return "a list";
    case NodeKind::map:
      return "a map";
    case NodeKind::scalar:
      break;
  }
  return "a single value";
}

std::string number_text(double value) { return nlohmann::json(value).dump(); }

template <class Number>
std::string range_text(Number min, Number max, std::string (*text)(Number)) {
  if (max == std::numeric_limits<Number>::max()) return "at least " + text(min);
  if (min == std::numeric_limits<Number>::lowest()) return "at most " + text(max);
  return "from " + text(min) + " to " + text(max);
}

std::string whole_text(long long value) { return std::to_string(value); }

}  // namespace

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::note:
      return "note";
    case Severity::warning:
      return "warning";
    case Severity::error:
      break;
  }
  return "error";
}

std::optional<Severity> severity_of(std::string_view name) {
  for (const Severity known : {Severity::note, Severity::warning, Severity::error}) {
    if (severity_name(known) == name) return known;
  }
  return std::nullopt;
}

std::string to_text(const Problem& problem) {
  std::string text = problem.location.text();
  if (!text.empty()) text += ": ";
  text += std::string(severity_name(problem.severity)) + ": " + problem.message;
  if (!problem.fix.empty()) text += "; " + problem.fix;
  return text + " [" + problem.rule + "]";
}

std::string shown(const Node& node) {
  if (node.kind != NodeKind::scalar) return std::string(kind_name(node));
  constexpr std::size_t longest = 60;
  if (node.scalar.size() <= longest) return "'" + node.scalar + "'";
  return "'" + valid_utf8(std::string_view(node.scalar).substr(0, longest)) + "...'";
}

MapReader::MapReader(const Node& node, std::string what, std::vector<Problem>& problems, Severity unknown_keys)
    : node_(&node), what_(std::move(what)), problems_(&problems), unknown_keys_(unknown_keys) {
  if (node.kind == NodeKind::scalar || node.kind == NodeKind::list)
    error(node, "wrong-type", what_ + " must be a map of keys and values, not " + shown(node));
}

const Node* MapReader::any(std::string_view key) {
  known_.emplace_back(key);
  const Node* found = is_map() ? node_->find(key) : nullptr;
  return found == nullptr || found->kind == NodeKind::null ? nullptr : found;
}

void MapReader::error(const Node& at, std::string rule, std::string message, std::string fix) {
  problems_->push_back({Severity::error, std::move(rule), std::move(message), std::move(fix), at.location});
}

bool MapReader::text(std::string_view key, std::string& out) {
  const Node* node = any(key);
  if (node == nullptr) return false;
  if (node->kind != NodeKind::scalar) {
    error(*node, "wrong-type", std::string(key) + " of " + what_ + " must be text, not " + shown(*node));
    return false;
  }
  out = node->scalar;
  return true;
}

bool MapReader::integer(std::string_view key, long long& out, long long min, long long max) {
  const Node* node = any(key);
  if (node == nullptr) return false;
  const nlohmann::json value = node->to_json();
  if (!value.is_number_integer()) {
    error(*node, "wrong-type", std::string(key) + " of " + what_ + " must be a whole number, not " + shown(*node),
          node->quoted && node->scalar.find_first_not_of("0123456789") == std::string::npos ? "write it without quotes" : "");
    return false;
  }
  const bool too_large = value.is_number_unsigned() &&
                         value.get<unsigned long long>() > static_cast<unsigned long long>(std::numeric_limits<long long>::max());
  const long long number = too_large ? 0 : value.get<long long>();
  if (too_large || number < min || number > max) {
    error(*node, "out-of-range",
          std::string(key) + " of " + what_ + " must be " + range_text(min, max, whole_text) + ", not " + shown(*node));
    return false;
  }
  out = number;
  return true;
}

bool MapReader::number(std::string_view key, double& out, double min, double max) {
  const Node* node = any(key);
  if (node == nullptr) return false;
  const nlohmann::json value = node->to_json();
  if (!value.is_number()) {
    error(*node, "wrong-type", std::string(key) + " of " + what_ + " must be a number, not " + shown(*node));
    return false;
  }
  const auto number = value.get<double>();
  if (number < min || number > max) {
    error(*node, "out-of-range",
          std::string(key) + " of " + what_ + " must be " + range_text(min, max, number_text) + ", not " + shown(*node));
    return false;
  }
  out = number;
  return true;
}

bool MapReader::boolean(std::string_view key, bool& out) {
  const Node* node = any(key);
  if (node == nullptr) return false;
  const nlohmann::json value = node->to_json();
  if (!value.is_boolean()) {
    error(*node, "wrong-type", std::string(key) + " of " + what_ + " must be true or false, not " + shown(*node));
    return false;
  }
  out = value.get<bool>();
  return true;
}

bool MapReader::texts(std::string_view key, std::vector<std::string>& out) {
  const Node* node = any(key);
  if (node == nullptr) return false;
  std::vector<std::string> texts;
  bool good = true;
  const auto take = [&](const Node& item) {
    if (item.kind == NodeKind::scalar) {
      texts.push_back(item.scalar);
    } else {
      good = false;
      error(item, "wrong-type", std::string(key) + " of " + what_ + " must be texts, not " + shown(item));
    }
  };
  if (node->kind == NodeKind::list) {
    for (const Node& item : node->items) take(item);
  } else {
    take(*node);
  }
  if (good) out = std::move(texts);
  return good;
}

std::vector<const Node*> MapReader::finish() {
  if (!is_map()) return {};
  std::vector<const Node*> unknown;
  constexpr std::size_t most_suggestions = 1000;
  const std::vector<std::string_view> known(known_.begin(), known_.end());
  for (const auto& [key, value] : node_->entries) {
    if (std::ranges::find(known, key.scalar) != known.end()) continue;
    problems_->push_back({unknown_keys_, "unknown-key",
                          "unknown key " + shown(key) + " in " + what_ +
                              (unknown.size() < most_suggestions ? did_you_mean(key.scalar, known) : ""),
                          "", key.location});
    unknown.push_back(&key);
  }
  return unknown;
}

}  // namespace conclave::config
