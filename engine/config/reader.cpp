#include "engine/config/reader.h"

#include <set>

namespace conclave::config {

void Reading::problem(Severity severity, const Location& at, std::string rule, std::string message, std::string fix) {
  file.problems.push_back({severity, std::move(rule), std::move(message), std::move(fix), at});
}

void Reading::error(const Node& at, std::string rule, std::string message, std::string fix) {
  problem(Severity::error, at.location, std::move(rule), std::move(message), std::move(fix));
}

void Reading::warn(const Node& at, std::string rule, std::string message, std::string fix) {
  problem(Severity::warning, at.location, std::move(rule), std::move(message), std::move(fix));
}

void Reading::pass_over(std::string path, const Location& at, std::string why) {
  file.not_understood.push_back({std::move(path), std::move(why), at});
}

bool Reading::afford(std::size_t bytes, const Location& at) {
  if (bytes <= bytes_left) {
    bytes_left -= bytes;
    return true;
  }
  if (bytes_left > 0)
    problem(Severity::error, at, "too-large", "what this file takes from elsewhere is too much; from here on it is left out");
  bytes_left = 0;
  return false;
}

void Reading::add(Service service, ServicePlaces service_places) {
  file.model.services.push_back(std::move(service));
  places.push_back(std::move(service_places));
}

Section::Section(const Node& node, std::string what, std::string path, Reading& reading, Severity unknown_keys)
    : MapReader(node, what, reading.file.problems, unknown_keys),
      node_(node),
      what_(std::move(what)),
      path_(std::move(path)),
      reading_(reading) {}

const Node* Section::list(std::string_view key) {
  const Node* node = any(key);
  if (node == nullptr || node->kind == NodeKind::list) return node;
  error(*node, "wrong-type", std::string(key) + " of " + what_ + " must be a list, not " + shown(*node));
  return nullptr;
}

void Section::passes(std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys)
    if (const Node* value = any(key)) reading_.pass_over(path_of(key), value->location, "not part of what is checked");
}

void Section::finish() {
  for (const Node* key : MapReader::finish()) reading_.pass_over(path_of(key->scalar), key->location, "not known");
}

void read_environment(const Node& node, const std::string& what, Reading& reading, std::map<std::string, std::string>& out,
                      const std::function<void(const Node& at, const std::string& name)>& missing) {
  if (node.kind == NodeKind::map) {
    for (const auto& [key, value] : node.entries) {
      if (value.kind == NodeKind::list || value.kind == NodeKind::map)
        reading.error(value, "wrong-type",
                      "environment variable '" + key.scalar + "' of " + what + " must be text, not " + shown(value));
      else if (value.kind == NodeKind::null && missing)
        missing(key, key.scalar);
      else
        out[key.scalar] = value.scalar;
    }
  } else if (node.kind == NodeKind::list) {
    std::set<std::string> here;
    for (const Node& item : node.items) {
      const std::size_t equals = item.scalar.find('=');
      if (item.kind == NodeKind::scalar && equals == std::string::npos && !item.scalar.empty() && missing) {
        missing(item, item.scalar);
        continue;
      }
      if (item.kind != NodeKind::scalar || equals == std::string::npos || equals == 0) {
        reading.error(item, "wrong-type",
                      "an environment variable of " + what + " must be written NAME=value, not " + shown(item));
        continue;
      }
      const std::string name = item.scalar.substr(0, equals);
      if (here.insert(name).second)
        out[name] = item.scalar.substr(equals + 1);
      else
        reading.error(item, "duplicate-variable", "environment variable '" + name + "' of " + what + " is set twice",
                      "remove one of them");
    }
  } else {
    reading.error(node, "wrong-type", "environment of " + what + " must be a map or a list of NAME=value, not " + shown(node));
  }
}

}  // namespace conclave::config
