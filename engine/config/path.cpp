#include "engine/config/path.h"

#include <algorithm>

namespace conclave::config {
namespace {

bool is_plain(std::string_view key) { return !key.empty() && key.find_first_of(".[]\"") == std::string_view::npos; }

std::string quoted(std::string_view key) {
  std::string text = "\"";
  for (const char c : key) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

// The key in quotes that begins at `at`, which moves behind it.
std::string unquoted(std::string_view path, std::size_t& at) {
  std::string key;
  for (++at; at < path.size() && path[at] != '"'; ++at) {
    if (path[at] == '\\' && at + 1 < path.size()) ++at;
    key += path[at];
  }
  at = std::min(at + 1, path.size());
  return key;
}

}  // namespace

std::string path_of_key(const std::string& parent, std::string_view key) {
  const std::string step = is_plain(key) ? std::string(key) : quoted(key);
  return parent.empty() ? step : parent + "." + step;
}

std::string path_of_item(const std::string& parent, std::size_t index) { return parent + "[" + std::to_string(index) + "]"; }

std::vector<PathStep> steps_of(std::string_view path) {
  std::vector<PathStep> steps;
  for (std::size_t at = 0; at < path.size();) {
    PathStep step;
    if (path[at] == '"') {
      step.key = unquoted(path, at);
    } else if (path[at] == '[') {
      const std::size_t end = std::min(path.find(']', at), path.size() - 1) + 1;
      step.key = path.substr(at, end - at);
      step.item = true;
      at = end;
    } else {
      const std::size_t end = std::min(path.find_first_of(".[", at), path.size());
      step.key = path.substr(at, end - at);
      at = end;
    }
    step.path = path.substr(0, at);
    if (at < path.size() && path[at] == '.') ++at;
    steps.push_back(std::move(step));
  }
  return steps;
}

std::string without_quotes(std::string_view path) {
  std::string plain;
  for (const PathStep& step : steps_of(path)) plain += (plain.empty() || step.item ? "" : ".") + step.key;
  return plain;
}

}  // namespace conclave::config
