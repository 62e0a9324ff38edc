// The engine knows where a value begins, but not where it ends: so a secret is masked from its first byte as far as the value can
// reach. On its own line that is the closing quote, a comma or bracket of a flow collection, a comment, or the end; below that
// every line that is indented deeper than the key. Masking a little too much is the safe side.
#include "app/desktop/models/secrets.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "engine/config/secret_keys.h"
#include "engine/security/redaction.h"

namespace conclave::desktop {

namespace {

constexpr std::size_t least_secret = 4;  // bytes; shorter ones stand in too many other places

// Addresses and personal data are no secrets of a configuration: they are what one reads it for.
const security::Redactor* rules(bool with_keys) {
  const auto compile = [](bool keys) -> std::optional<security::Redactor> {
    std::vector<security::RedactionRule> chosen;
    for (auto rule : security::redaction_rules()) {
      if (rule.name == "email" || rule.name == "ipv4" || rule.name == "ipv6" || rule.name == "card-number") continue;
      if (rule.name == "secret" && !keys) continue;
      const std::string label = "[redacted " + rule.name + "]";
      if (const auto at = rule.replacement.find(label); at != std::string::npos)
        rule.replacement.replace(at, label.size(), secret_mask);
      chosen.push_back(std::move(rule));
    }
    auto made = security::Redactor::compile(chosen);
    return made ? std::optional(std::move(*made)) : std::nullopt;
  };
  static const auto all = compile(true);
  static const auto shapes = compile(false);
  const auto& wanted = with_keys ? all : shapes;
  return wanted ? &*wanted : nullptr;
}

// Without its rules nothing may be shown.
std::string redacted(std::string_view text, bool with_keys) {
  const auto* redactor = rules(with_keys);
  return redactor ? redactor->redact(text).text : std::string(secret_mask);
}

std::size_t indentation(std::string_view line) { return std::min(line.find_first_not_of(' '), line.size()); }

// Where the key of a line stands, past the dashes of a list.
std::size_t keyColumn(std::string_view line) {
  std::size_t at = indentation(line);
  while (at + 1 < line.size() && line[at] == '-' && line[at + 1] == ' ') {
    at = std::min(line.find_first_not_of(' ', at + 1), line.size());
  }
  return at;
}

struct Place {
  std::size_t line;    // from 0
  std::size_t column;  // from 0, in bytes
};

class Masker {
 public:
  Masker(const std::vector<std::string>& lines, Job& job) : lines_(lines), job_(job) {}

  std::vector<std::string> run(const config::ConfigFile& file) {
    // What is secret in one place is so wherever it is written, such as where an alias points.
    std::unordered_set<std::string_view> secrets;
    for (const auto& value : file.values) {
      if (value.value.size() >= least_secret && config::is_secret(value.path, value.value)) secrets.insert(value.value);
    }
    for (const auto& value : file.values) {
      if (job_.stopped()) return lines_;
      if (value.line < 1 || value.column < 1 || static_cast<std::size_t>(value.line) > lines_.size()) continue;
      const Place place{static_cast<std::size_t>(value.line) - 1, static_cast<std::size_t>(value.column) - 1};
      if (secrets.contains(value.value) || config::is_secret(value.path, value.value)) {
        hide(place, value.value);
      } else if (const auto begin = config::secret_assignment(value.value)) {
        hideAssignment(place, value.value.substr(0, *begin));
      }
    }
    return byRules(false);
  }

  std::vector<std::string> byRules(bool everywhere) {
    std::vector<std::string> masked;
    masked.reserve(lines_.size());
    bool key = false;  // inside a private key in PEM, whose lines say nothing by themselves
    for (std::size_t number = 0; number < lines_.size() && !job_.stopped(); ++number) {
      const std::string& line = lines_[number];
      const bool begins = line.find("-----BEGIN") != std::string::npos && line.find("PRIVATE KEY") != std::string::npos;
      if (key || begins) cut(number, indentation(line), line.size());
      key = (key || begins) && line.find("-----END") == std::string::npos;
      std::string shown = cuts_.contains(number) ? withoutCuts(number) : redacted(line, everywhere);
      const auto comment = shown.starts_with('#') ? 0 : shown.find(" #");
      if (!everywhere && comment != std::string::npos) shown = shown.substr(0, comment) + redacted(shown.substr(comment), true);
      masked.push_back(std::move(shown));
    }
    return masked;
  }

 private:
  void cut(std::size_t number, std::size_t from, std::size_t to) { cuts_[number].emplace_back(from, to); }

  std::string withoutCuts(std::size_t number) {
    auto& cuts = cuts_[number];
    std::sort(cuts.begin(), cuts.end());
    const std::string& line = lines_[number];
    std::string shown;
    std::size_t at = 0;
    for (const auto& [from, to] : cuts) {
      if (from >= at) shown += line.substr(at, from - at).append(secret_mask);
      at = std::max(at, to);
    }
    return at < line.size() ? shown + line.substr(at) : shown;
  }

  void hide(Place place, const std::string& value) {
    const std::string& line = lines_[place.line];
    if (place.column >= line.size()) return;
    const std::string_view rest = std::string_view(line).substr(place.column);
    for (const std::string& written : {value, '"' + value + '"', '\'' + value + '\''}) {
      if (written.empty() || !rest.starts_with(written)) continue;
      return cut(place.line, place.column, place.column + written.size());
    }
    cut(place.line, place.column, line.size());
    hideBelow(place);
  }

  // The rest of a value that takes several lines.
  void hideBelow(Place place) {
    const std::string& line = lines_[place.line];
    const std::size_t key = keyColumn(line);
    const bool starts_line = key == place.column;
    const char first = line[place.column];
    const bool quoted = first == '"' || first == '\'';
    for (std::size_t below = place.line + 1; below < lines_.size(); ++below) {
      const std::string& next = lines_[below];
      const std::size_t depth = indentation(next);
      if (depth == next.size()) continue;
      if (starts_line ? depth < key : depth <= key) return;
      cut(below, depth, next.size());
      if (quoted && next.find(first) != std::string::npos) return;
    }
  }

  void hideAssignment(Place place, const std::string& name) {
    const std::string& line = lines_[place.line];
    const auto at = line.find(name, place.column);
    if (at == std::string::npos) return cut(place.line, std::min(place.column, line.size()), line.size()), hideBelow(place);
    const char before = at > 0 ? line[at - 1] : ' ';
    const auto closing = before == '"' || before == '\'' ? line.rfind(before) : std::string::npos;
    const auto begin = at + name.size();
    cut(place.line, begin, closing != std::string::npos && closing >= begin ? closing : line.size());
    if (closing == std::string::npos || closing < begin) hideBelow(place);
  }

  const std::vector<std::string>& lines_;
  Job& job_;
  std::unordered_map<std::size_t, std::vector<std::pair<std::size_t, std::size_t>>> cuts_;  // bytes of a line, from and to
};

}  // namespace

std::string maskedValue(std::string_view path, std::string_view value) {
  if (config::is_secret(path, value)) return std::string(secret_mask);
  if (const auto begin = config::secret_assignment(value)) return std::string(value.substr(0, *begin)) + std::string(secret_mask);
  return redacted(value, false);
}

std::vector<std::string> maskedValues(std::span<const std::pair<std::string_view, std::string_view>> values) {
  std::unordered_set<std::string_view> secrets;
  for (const auto& [path, value] : values) {
    if (value.size() >= least_secret && config::is_secret(path, value)) secrets.insert(value);
  }
  std::vector<std::string> masked;
  for (const auto& [path, value] : values)
    masked.push_back(secrets.contains(value) ? std::string(secret_mask) : maskedValue(path, value));
  return masked;
}

std::vector<std::string> maskedLines(const std::vector<std::string>& lines, Job& job) {
  std::string text;
  for (const auto& line : lines) text += line + '\n';
  Masker masker(lines, job);
  const auto file = config::read_config(text, "<text>");
  return file ? masker.run(*file) : masker.byRules(true);
}

}  // namespace conclave::desktop
