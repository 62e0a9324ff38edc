#include "engine/config/user_rules.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "engine/base/text.h"
#include "engine/config/ignores.h"
#include "engine/config/path.h"
#include "engine/config/rules.h"

namespace conclave::config {
namespace {

using Json = nlohmann::json;

constexpr std::size_t most_problems = 1000;
constexpr std::size_t longest_text = 10'000;

// "/services/api~1v2/0": RFC 6901.
std::vector<std::string> steps_of_pointer(std::string_view pointer) {
  std::vector<std::string> steps;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    std::string step;
    for (std::size_t at = 0; at < end; ++at) {
      const bool escaped = pointer[at] == '~' && at + 1 < end && (pointer[at + 1] == '0' || pointer[at + 1] == '1');
      step += escaped ? (pointer[++at] == '0' ? '~' : '/') : pointer[at];
    }
    steps.push_back(std::move(step));
    pointer.remove_prefix(end);
  }
  return steps;
}

// Keys; items of lists without their brackets.
std::vector<std::string> keys_of(std::string_view path) {
  if (path.starts_with('/')) return steps_of_pointer(path);
  std::vector<std::string> keys;
  for (PathStep& step : steps_of(path)) {
    if (!step.item) {
      keys.push_back(std::move(step.key));
      continue;
    }
    const std::size_t end = step.key.ends_with(']') ? step.key.size() - 1 : step.key.size();
    keys.push_back(step.key.substr(1, end - 1));
  }
  return keys;
}

std::optional<std::size_t> number_in(std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

// Goes down the tree of a file along the keys of a rule, as far as there is something.
class Walk {
 public:
  explicit Walk(const ConfigFile& file) : file_(file) {}

  // The paths of what it came by, as `values` has them; the innermost last.
  [[nodiscard]] std::vector<std::string> along(const std::vector<std::string>& keys) const {
    std::vector<std::string> passed;
    const Json* node = &file_.tree;
    for (std::size_t at = 0; at < keys.size();) {
      const std::string parent = passed.empty() ? std::string() : passed.back();
      const Json* next = nullptr;
      if (node->is_object()) next = member(*node, keys, at, parent, passed);
      if (node->is_array()) next = item(*node, keys[at++], parent, passed);
      if (next == nullptr) break;
      node = next;
    }
    return passed;
  }

 private:
  // Moves `at` behind the keys that were used: one whose name holds dots may have been written without quotes.
  const Json* member(const Json& map, const std::vector<std::string>& keys, std::size_t& at, const std::string& parent,
                     std::vector<std::string>& passed) const {
    std::string name;
    for (std::size_t end = at; end < keys.size(); ++end) {
      name += (end == at ? "" : ".") + keys[end];
      const auto found = map.find(name);
      if (found == map.end()) continue;
      at = end + 1;
      passed.push_back(path_of_key(parent, name));
      return &*found;
    }
    const auto number = parent == "services" ? number_in(keys[at]) : std::nullopt;
    if (!number || *number >= file_.model.services.size()) return nullptr;
    const std::string& service = file_.model.services[*number].name;
    const auto found = map.find(service);
    if (found == map.end()) return nullptr;
    ++at;
    passed.push_back(path_of_key(parent, service));
    return &*found;
  }

  static const Json* item(const Json& list, const std::string& key, const std::string& parent, std::vector<std::string>& passed) {
    auto index = number_in(key);
    for (std::size_t i = 0; i < list.size() && !index; ++i) {
      if (list[i].is_object() && list[i].contains("name") && list[i]["name"] == key) index = i;
    }
    if (!index || *index >= list.size()) return nullptr;
    passed.push_back(path_of_item(parent, *index));
    return &list[*index];
  }

  const ConfigFile& file_;
};

// Where the wanted paths begin, found in one pass over the values of the file, which may be millions.
class Places {
 public:
  Places(const ConfigFile& file, const std::set<std::string, std::less<>>& wanted) {
    if (wanted.empty()) return;
    for (const FlatValue& value : file.values) {
      const std::string_view path = value.path;
      for (std::size_t end = path.find_first_of(".["); end != std::string_view::npos; end = path.find_first_of(".[", end + 1)) {
        note(wanted, path.substr(0, end), file, value);
      }
      note(wanted, path, file, value);
    }
    for (const Service& service : file.model.services) {
      const std::string path = path_of_key("services", service.name);
      if (service.location.line > 0 && found_.contains(path)) found_[path] = service.location;
    }
  }

  // Of the innermost that has one.
  [[nodiscard]] Location of(const std::vector<std::string>& passed, const std::string& file) const {
    for (auto path = passed.rbegin(); path != passed.rend(); ++path) {
      if (const auto found = found_.find(*path); found != found_.end()) return found->second;
    }
    return {file, 0, 0};
  }

 private:
  void note(const std::set<std::string, std::less<>>& wanted, std::string_view path, const ConfigFile& file,
            const FlatValue& value) {
    if (wanted.contains(path)) found_.try_emplace(std::string(path), Location{file.file, value.line, value.column});
  }

  std::map<std::string, Location> found_;
};

tl::unexpected<Error> refused(const std::string& why) { return fail(ErrorKind::script, why); }

Result<std::string> text_of(const Json& problem, const char* field) {
  const auto value = problem.find(field);
  if (value == problem.end() || value->is_null()) return std::string();
  if (!value->is_string()) return refused(std::string(field) + " of a problem must be text");
  const std::string text = valid_utf8(value->get_ref<const std::string&>());
  if (text.size() > longest_text) return refused(std::string(field) + " of a problem is longer than 10,000 bytes");
  return text;
}

Result<Severity> severity_in(const Json& problem) {
  const auto name = text_of(problem, "severity");
  if (!name) return tl::unexpected(name.error());
  if (name->empty()) return Severity::warning;
  if (const auto known = severity_of(*name)) return *known;
  return refused("severity of a problem must be error, warning or note, not '" + *name + "'");
}

}  // namespace

Json for_rules(const ConfigFile& file) {
  Json given = to_json(file.model);
  given["file"] = valid_utf8(file.file);
  given["kind"] = kind_name(file.kind);
  given["tree"] = file.tree;
  return given;
}

Result<std::vector<Problem>> problems_of_rule(const ConfigFile& file, const std::string& rule, const Json& found) {
  std::vector<Problem> problems;
  if (found.is_null()) return problems;
  if (!found.is_array()) return refused("a rule must return problems");
  if (found.size() > most_problems) return refused("a rule may find at most 1000 problems");
  const Walk walk(file);
  std::vector<std::vector<std::string>> passed;
  std::set<std::string, std::less<>> wanted;
  for (const Json& one : found) {
    if (!one.is_object()) return refused("a problem must be a text or a map");
    auto message = text_of(one, "message");
    auto path = text_of(one, "path");
    auto severity = severity_in(one);
    auto fix = text_of(one, "fix");
    if (!message) return tl::unexpected(std::move(message.error()));
    if (message->empty()) return refused("a problem needs a message");
    if (!path) return tl::unexpected(std::move(path.error()));
    if (!severity) return tl::unexpected(std::move(severity.error()));
    if (!fix) return tl::unexpected(std::move(fix.error()));
    problems.push_back({*severity, rule, std::move(*message), std::move(*fix), {}});
    passed.push_back(walk.along(keys_of(*path)));
    wanted.insert(passed.back().begin(), passed.back().end());
  }
  const Places places(file, wanted);
  for (std::size_t i = 0; i < problems.size(); ++i) problems[i].location = places.of(passed[i], file.file);
  return problems;
}

Problem failed_rule(const ConfigFile& file, const std::string& rule, const std::string& why) {
  const std::string first_line = valid_utf8(why.substr(0, std::min(why.find('\n'), longest_text)));
  return {Severity::warning, "rule-failed", "rule '" + rule + "' failed: " + first_line, "", {file.file, 0, 0}};
}

std::string found_in_words(std::size_t problems) {
  if (problems == 0) return "found nothing";
  return "found " + std::to_string(problems) + (problems == 1 ? " problem" : " problems");
}

ConfigFile with_problems(ConfigFile file, std::vector<Problem> more) {
  apply_ignores(file.ignores, file.file, more);
  std::move(more.begin(), more.end(), std::back_inserter(file.problems));
  sort_by_place(file.problems);
  return file;
}

}  // namespace conclave::config
