#include "engine/config/ignores.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

namespace conclave::config {
namespace {

constexpr std::string_view mark = "conclave:";

// What this program finds itself; anything else is a rule of the user, which may run later.
constexpr std::array<std::string_view, 44> own_rules = {
    "bad-interpolation", "bad-port",           "bad-quantity",       "bad-replicas",         "container-name-shared",
    "cpu-too-low",       "dependency-cycle",   "duplicate-port",     "duplicate-service",    "duplicate-variable",
    "extends-cycle",     "image-latest",       "image-without-tag",  "insecure-url",         "limit-below-request",
    "memory-too-low",    "missing-command",    "missing-env-file",   "missing-health-check", "missing-image",
    "missing-name",      "missing-resources",  "missing-variable",   "no-services",          "not-in-json",
    "plain-text-secret", "port-shared",        "runs-as-root",       "secret-in-url",        "selector-mismatch",
    "selects-nothing",   "too-large",          "undefined-port",     "undefined-reference",  "undefined-service",
    "undefined-unit",    "undefined-variable", "unknown-key",        "weak-encryption",      "wrong-type",
    "include-cycle",     "missing-include",    "unreadable-override"};

bool is_own(std::string_view rule) { return std::ranges::find(own_rules, rule) != own_rules.end(); }

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t\r"), text.size());
  return text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
}

// One line; `hash` is where its comment begins.
void read_comment(std::string_view line, std::size_t hash, int number, const std::string& file, std::vector<Ignore>& out) {
  std::string_view comment = trimmed(line.substr(hash + 1));
  if (!comment.starts_with(mark)) return;
  comment = trimmed(comment.substr(mark.size()));
  const std::string_view verb = comment.substr(0, comment.find_first_of(" \t"));
  if (verb != "ignore" && verb != "ignore-file") return;
  comment.remove_prefix(verb.size());
  const bool alone = trimmed(line.substr(0, hash)).empty();
  Ignore ignore;
  ignore.location = {file, number, static_cast<int>(hash) + 1};
  if (verb == "ignore") ignore.line = number;
  if (verb == "ignore" && alone) ignore.also_line = number + 1;
  while (!(comment = comment.substr(std::min(comment.find_first_not_of(" \t,"), comment.size()))).empty()) {
    ignore.rule = comment.substr(0, comment.find_first_of(" \t,\r"));
    comment.remove_prefix(ignore.rule.size());
    out.push_back(ignore);
  }
}

// By rule and line, as problems ask for them.
class IgnoreIndex {
 public:
  explicit IgnoreIndex(const std::vector<Ignore>& ignores) {
    for (std::size_t i = 0; i < ignores.size(); ++i) {
      by_place_.emplace(std::pair(ignores[i].rule, ignores[i].line), i);
      if (ignores[i].also_line > 0) by_place_.emplace(std::pair(ignores[i].rule, ignores[i].also_line), i);
    }
  }

  // Marks in `used` what applies.
  bool ignores(const Problem& problem, std::vector<bool>& used) const {
    bool found = false;
    for (const int line : {problem.location.line, 0}) {
      if (const auto at = by_place_.find(std::pair(problem.rule, line)); at != by_place_.end()) used[at->second] = found = true;
    }
    return found;
  }

 private:
  std::map<std::pair<std::string, int>, std::size_t> by_place_;
};

std::vector<bool> take_out(const std::vector<Ignore>& ignores, const std::string& file, std::vector<Problem>& problems) {
  std::vector<bool> used(ignores.size());
  if (ignores.empty()) return used;
  const IgnoreIndex index(ignores);
  std::erase_if(problems, [&](const Problem& problem) { return problem.location.file == file && index.ignores(problem, used); });
  return used;
}

}  // namespace

std::vector<Ignore> find_ignores(std::string_view text, const std::string& file_name) {
  std::vector<Ignore> out;
  int number = 1;
  std::size_t counted = 0;
  for (std::size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at)) {
    const std::size_t newline = text.substr(counted, at - counted).find_last_of('\n');
    const std::size_t begin = newline == std::string_view::npos ? counted : counted + newline + 1;
    number += static_cast<int>(
        std::count(text.begin() + static_cast<std::ptrdiff_t>(counted), text.begin() + static_cast<std::ptrdiff_t>(begin), '\n'));
    counted = begin;
    const std::string_view line = text.substr(begin, text.substr(begin).find('\n'));
    at = begin + line.size();
    const std::size_t hash = std::min(line.find("# conclave:"), line.find("#conclave:"));
    if (hash != std::string_view::npos && (hash == 0 || line[hash - 1] == ' ' || line[hash - 1] == '\t'))
      read_comment(line, hash, number, file_name, out);
  }
  return out;
}

void apply_ignores(const std::vector<Ignore>& ignores, const std::string& file, std::vector<Problem>& problems) {
  take_out(ignores, file, problems);
}

void apply_ignores(ConfigFile& file) {
  const std::vector<bool> used = take_out(file.ignores, file.file, file.problems);
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i] && is_own(file.ignores[i].rule))
      file.problems.push_back({Severity::note, "unused-ignore", "there is no problem " + file.ignores[i].rule + " to ignore here",
                               "remove the comment", file.ignores[i].location});
  }
}

}  // namespace conclave::config
