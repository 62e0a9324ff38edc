#include "engine/logs/matcher.h"

#include <oneapi/tbb/enumerable_thread_specific.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/logs/chunk_lines.h"
#include "engine/logs/line_regex.h"
#include "engine/logs/literal_scan.h"
#include "engine/logs/patterns.h"
#include "engine/logs/regex_scan.h"

namespace conclave::logs {
namespace {

constexpr std::size_t most_literals = 256;  // more would make too many candidates

}  // namespace

std::optional<std::vector<TextPattern>> as_literals(const TextPattern& pattern) {
  std::string_view rest = pattern.text;
  bool any_case = pattern.any_case;
  if (rest.starts_with("(?i)")) {
    any_case = true;
    rest.remove_prefix(4);
  }
  const bool grouped = rest.size() > 2 && rest.front() == '(' && rest.back() == ')';
  if (grouped) rest = rest.substr(1, rest.size() - 2);
  if (grouped && rest.starts_with("?:")) rest.remove_prefix(2);
  std::vector<TextPattern> literals = {{{}, false, any_case}};
  for (std::size_t i = 0; i < rest.size(); ++i) {
    char c = rest[i];
    if (c == '|') {
      literals.push_back({{}, false, any_case});
      continue;
    }
    if (c == '\\') {  // before anything but letters and digits it makes a plain character
      if (++i == rest.size()) return std::nullopt;
      c = rest[i];
      const bool plain = static_cast<unsigned char>(c) > ' ' && static_cast<unsigned char>(c) < 0x7F && !(c >= '0' && c <= '9') &&
                         !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z');
      if (!plain) return std::nullopt;
    } else if (std::string_view(".^$*+?()[]{}").find(c) != std::string_view::npos) {
      return std::nullopt;
    }
    literals.back().text += c;
  }
  const bool empty = std::any_of(literals.begin(), literals.end(), [](const TextPattern& each) { return each.text.empty(); });
  if (empty) return std::nullopt;
  return literals;
}

struct Matcher::Parts {
  enum class Kind : std::uint8_t { every_line, no_line, literals, regex };
  struct Pattern {
    Kind kind = Kind::no_line;
    std::size_t first = 0;  // of the literals, or the regular expression
    std::size_t count = 0;
  };
  std::vector<Pattern> patterns;
  std::optional<LiteralScan> literals;
  std::size_t literal_count = 0;
  std::vector<LineRegex> regexes;
  std::optional<RegexScan> scan;
  mutable oneapi::tbb::enumerable_thread_specific<LineRegex::Workspace> workspaces;

  void match_regexes(std::string_view chunk, const ChunkLines& lines, Matches& matches, const Job& job) const;
};

Result<Matcher> Matcher::compile(const std::vector<TextPattern>& patterns, Engines engines) {
  using Kind = Parts::Kind;
  auto parts = std::make_shared<Parts>();
  std::vector<Literal> literals;
  std::vector<TextPattern> regexes;
  for (const TextPattern& pattern : patterns) {
    Parts::Pattern made;
    if (pattern.regex) {
      auto regex = LineRegex::compile(pattern.text, pattern.any_case);
      if (!regex) return fail(ErrorKind::parse, regex.error().message, "/" + valid_utf8(pattern.text) + "/");
      const auto same = engines == Engines::all ? as_literals(pattern) : std::nullopt;
      if (same && literals.size() + same->size() <= most_literals) {
        made = {Kind::literals, literals.size(), same->size()};
        for (const TextPattern& each : *same) {
          if (each.text.find('\n') == std::string::npos) literals.push_back({each.text, each.any_case});
        }
        made.count = literals.size() - made.first;
      } else {
        made = {Kind::regex, parts->regexes.size(), 1};
        parts->regexes.push_back(std::move(*regex));
        regexes.push_back(pattern);
      }
    } else if (pattern.text.empty()) {
      made.kind = Kind::every_line;
    } else if (pattern.text.find('\n') == std::string::npos) {
      made = {Kind::literals, literals.size(), 1};
      literals.push_back({pattern.text, pattern.any_case});
    }
    parts->patterns.push_back(made);
  }
  parts->literal_count = literals.size();
  if (!literals.empty()) parts->literals.emplace(literals);
  if (!regexes.empty() && engines == Engines::all) parts->scan.emplace(regexes);
  Matcher matcher;
  matcher.parts_ = std::move(parts);
  return matcher;
}

void Matcher::Parts::match_regexes(std::string_view chunk, const ChunkLines& lines, Matches& matches, const Job& job) const {
  std::vector<LineBits> candidates(regexes.size(), LineBits(lines.size(), false));
  const bool scanned = scan && scan->scan(chunk, lines, candidates);
  LineRegex::Workspace& workspace = workspaces.local();
  for (std::size_t pattern = 0; pattern < patterns.size(); ++pattern) {
    if (patterns[pattern].kind != Kind::regex) continue;
    const std::size_t id = patterns[pattern].first;
    if (!scanned || !scan->known(id)) candidates[id] = LineBits(lines.size(), true);
    bool over = false;
    candidates[id].for_each([&](std::size_t line) {
      if (over || job.stopped()) {  // a hard line takes milliseconds
        over = true;
        return;
      }
      const auto answer = regexes[id].matches(lines.text(line), workspace, job);
      if (answer == LineRegex::Answer::yes) matches.found[pattern].set(line);
      if (answer != LineRegex::Answer::too_hard) return;
      over = true;
      if (!matches.too_hard || line < matches.too_hard->second) matches.too_hard = {pattern, line};
    });
  }
}

Matcher::Matches Matcher::match(std::string_view chunk, const Job& job) const {
  Matches matches;
  matches.found.resize(parts_->patterns.size());
  std::optional<ChunkLines> lines;
  if (!parts_->regexes.empty()) {
    lines.emplace(chunk);
    matches.lines = lines->size();
    parts_->match_regexes(chunk, *lines, matches, job);
  }
  std::vector<LineBits> of_literals(parts_->literal_count);
  if (parts_->literals) {
    matches.lines = parts_->literals->scan(chunk, of_literals, job);
  } else if (!lines) {
    matches.lines = count_newlines(chunk) + (!chunk.empty() && chunk.back() != '\n' ? 1 : 0);
  }
  for (LineBits& bits : of_literals) bits.resize(matches.lines);
  for (std::size_t i = 0; i < parts_->patterns.size(); ++i) {
    const Parts::Pattern& pattern = parts_->patterns[i];
    LineBits& found = matches.found[i];
    found.resize(matches.lines);
    if (pattern.kind == Parts::Kind::every_line) found = LineBits(matches.lines, true);
    for (std::size_t k = 0; pattern.kind == Parts::Kind::literals && k < pattern.count; ++k) {
      found |= of_literals[pattern.first + k];
    }
  }
  return matches;
}

}  // namespace conclave::logs
