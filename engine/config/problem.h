// Something wrong in a configuration or a case file, with its place and how to mend it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/config/tree.h"

namespace conclave::config {

enum class Severity { note, warning, error };
[[nodiscard]] std::string_view severity_name(Severity severity);
[[nodiscard]] std::optional<Severity> severity_of(std::string_view name);

struct Problem {
  Severity severity = Severity::error;
  std::string rule;     // stable id, for example "cpu-too-low"
  std::string message;  // what is wrong, with the value found
  std::string fix;      // what to write instead; may be empty
  Location location;
  bool operator==(const Problem&) const = default;
};

// "file:line:column: error: message; fix [rule]"
[[nodiscard]] std::string to_text(const Problem& problem);

// The value as the user wrote it, quoted and short enough for a message; "a list", "a map" or "nothing" for the others.
[[nodiscard]] std::string shown(const Node& node);

// Typed reading of a map: every wrong type and every unknown key becomes a Problem; nothing throws. A null value counts as
// absent, a null node as an empty map. Lives no longer than the node and the problems it is given; one thread.
class MapReader {
 public:
  // `what` names the map in messages ("service 'api'"). A scalar or list in place of a map is reported here.
  MapReader(const Node& node, std::string what, std::vector<Problem>& problems, Severity unknown_keys = Severity::error);
  // Each returns whether the key was present and well-formed; `out` is left alone otherwise.
  bool text(std::string_view key, std::string& out);
  bool integer(std::string_view key, long long& out, long long min, long long max);
  bool number(std::string_view key, double& out, double min, double max);
  bool boolean(std::string_view key, bool& out);
  bool texts(std::string_view key, std::vector<std::string>& out);  // a list of scalars, or one scalar
  const Node* any(std::string_view key);                            // no type check; null if absent or null
  [[nodiscard]] bool is_map() const { return node_->kind == NodeKind::map; }
  void error(const Node& at, std::string rule, std::string message, std::string fix = {});
  // Call last: reports keys that nobody asked for, with near misses among those asked for, and returns them.
  std::vector<const Node*> finish();

 private:
  const Node* node_;
  std::string what_;
  std::vector<Problem>* problems_;
  Severity unknown_keys_;
  std::vector<std::string> known_;
};

}  // namespace conclave::config
