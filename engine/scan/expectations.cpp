#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/base/text.h"
#include "engine/base/text_file.h"
#include "engine/scan/differences.h"
#include "engine/scan/probe/needs.h"
#include "engine/scan/targets.h"

// line = targets blank state { blank condition } [ blank JSON map ] ; condition = "p95_ms=" number

namespace conclave::scan {
namespace {

constexpr std::array<std::string_view, 6> expected_states = {"open",     "closed",      "rejected",
                                                             "filtered", "unreachable", "dns_error"};
constexpr std::string_view blank = " \t\r\f\v";
constexpr std::size_t max_lines = 1'000'000;
constexpr std::size_t max_line = 65'536;
constexpr std::size_t max_targets = 1'000'000;
constexpr std::size_t max_file_bytes = std::size_t{64} << 20U;

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(blank), text.size()));
  return text.substr(0, text.find_last_not_of(blank) + 1);  // npos + 1 is 0
}

// The last word of a trimmed text is taken from it.
std::string_view take_last(std::string_view& text) {
  const std::size_t gap = text.find_last_of(blank);
  const std::string_view word = text.substr(gap == std::string_view::npos ? 0 : gap + 1);
  text = trimmed(text.substr(0, text.size() - word.size()));
  return word;
}

// The problem, if it is none.
std::string read_condition(std::string_view word, Target& conditions) {
  constexpr std::string_view p95 = "p95_ms=";
  double bound = 0;
  const std::string_view number = word.substr(std::min(p95.size(), word.size()));
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), bound);
  if (!word.starts_with(p95) || error != std::errc{} || end != number.data() + number.size() || !(bound > 0) ||
      !std::isfinite(bound))
    return "after the state may stand p95_ms=50, milliseconds above 0";
  conditions.p95_ms = bound;
  return {};
}

// Takes JSON off the end of a line, and what comments it; null without.
Result<std::shared_ptr<const Needs>> take_needs(std::string_view& line) {
  const std::size_t brace = line.find_first_of("{#");
  if (brace == std::string_view::npos || line[brace] == '#') return std::shared_ptr<const Needs>();
  std::istringstream text{std::string(line.substr(brace))};
  line = line.substr(0, brace);
  try {
    nlohmann::json value;
    text >> value;
    std::string rest;
    text >> rest;
    if (!rest.empty() && rest[0] != '#') return fail(ErrorKind::parse, "nothing but a comment comes after the map");
    auto needs = needs_from_json(value);
    if (!needs) return tl::unexpected(std::move(needs.error()));
    return std::make_shared<const Needs>(std::move(*needs));
  } catch (const nlohmann::json::exception& error) {
    return fail(ErrorKind::parse, "what comes after the state is not JSON: " + valid_utf8(error.what()));
  }
}

}  // namespace

Result<std::vector<Target>> expectations_of(std::string_view text, const std::string& file_name) {
  std::vector<Target> out;
  std::size_t number = 0;
  const auto wrong = [&](std::string message) {
    return fail(ErrorKind::parse, std::move(message), file_name + ":" + std::to_string(number));
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (++number > max_lines) return wrong("too many lines");
    if (line.size() > max_line) return wrong("the line is longer than 65,536 bytes");
    auto needs = take_needs(line);
    if (!needs) return wrong(needs.error().message);
    line = trimmed(line.substr(0, line.find('#')));
    if (line.empty() && !*needs) continue;
    Target conditions;
    std::string_view state = take_last(line);
    for (; state.find('=') != std::string_view::npos; state = take_last(line))
      if (auto problem = read_condition(state, conditions); !problem.empty()) return wrong(std::move(problem));
    if (line.empty() || std::ranges::find(expected_states, state) == expected_states.end())
      return wrong("write host:port and open, closed, rejected, filtered, unreachable or dns_error" +
                   did_you_mean(valid_utf8(state), expected_states));
    if (*needs && state != state_name(State::open)) return wrong("only of what is open more can be expected");
    if (line.find('@') != std::string_view::npos) return wrong("another file cannot be named here");
    auto targets = parse_targets(line);
    if (!targets) return wrong(targets.error().message);
    if (out.size() + targets->size() > max_targets) return wrong("more than 1,000,000 targets");
    for (Target& target : *targets) {
      target.expect = state_from_name(state);
      target.p95_ms = conditions.p95_ms;
      target.needs = *needs;
      out.push_back(std::move(target));
    }
  }
  if (out.empty()) return fail(ErrorKind::parse, "nothing is expected in it", file_name);
  return out;
}

Result<std::vector<Target>> read_expectations(const std::string& path) {
  const auto text = read_text_file(path, max_file_bytes);
  if (!text) return tl::unexpected(text.error());
  return expectations_of(*text, path);
}

}  // namespace conclave::scan
