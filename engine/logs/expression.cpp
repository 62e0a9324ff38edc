#include "engine/logs/expression.h"

#include <algorithm>
#include <array>
#include <bit>

#include "engine/base/text.h"

namespace conclave::logs {
namespace {

constexpr std::array<std::string_view, level_count> level_names = {"none", "trace", "debug", "info", "warning", "error", "fatal"};

std::optional<Level> level_named(std::string_view name) {
  if (name == "unknown") return Level::unknown;
  if (name == "warn") return Level::warning;
  if (name == "err") return Level::error;
  if (name == "critical") return Level::fatal;
  const auto* const found = std::find(level_names.begin(), level_names.end(), name);
  if (found == level_names.end()) return std::nullopt;
  return static_cast<Level>(found - level_names.begin());
}

Expression combined(Expression a, const Expression& b, Expression::Step::Kind kind) {
  const auto shift = static_cast<std::uint32_t>(a.conditions.size());
  a.conditions.insert(a.conditions.end(), b.conditions.begin(), b.conditions.end());
  for (Expression::Step step : b.steps) {
    step.condition += step.kind == Expression::Step::Kind::condition ? shift : 0;
    a.steps.push_back(step);
  }
  a.steps.push_back({kind, 0});
  return a;
}

}  // namespace

Expression Expression::of(Condition condition) {
  Expression expression;
  expression.conditions.push_back(std::move(condition));
  expression.steps.push_back({Step::Kind::condition, 0});
  return expression;
}

Expression both(Expression a, const Expression& b) { return combined(std::move(a), b, Expression::Step::Kind::conjunction); }
Expression either(Expression a, const Expression& b) { return combined(std::move(a), b, Expression::Step::Kind::disjunction); }
Expression negated(Expression expression) {
  expression.steps.push_back({Expression::Step::Kind::negation, 0});
  return expression;
}

Result<LevelFilter> parse_level_filter(std::string_view text) {
  std::string name(text);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  std::string_view rest = name;
  bool at_least = false;
  if (rest.starts_with(">=")) {
    at_least = true;
    rest.remove_prefix(2);
  } else if (rest.ends_with("+")) {
    at_least = true;
    rest.remove_suffix(1);
  }
  const std::optional<Level> level = level_named(rest);
  if (!level) {
    return fail(ErrorKind::parse, "no level '" + valid_utf8(rest) + "'" + did_you_mean(rest, level_names) +
                                      " (fatal, error, warning, info, debug, trace or none; >= before it or + behind it for that "
                                      "and graver)");
  }
  LevelFilter filter;
  for (std::size_t i = 0; i < level_count; ++i) {
    const bool in = at_least ? i >= static_cast<std::size_t>(*level) : i == static_cast<std::size_t>(*level);
    if (in) filter.levels = static_cast<std::uint8_t>(filter.levels | (1U << i));
  }
  return filter;
}

Result<LevelFilter> parse_least_level(std::string_view text) {
  const auto filter = parse_level_filter(text);
  const bool exact = filter && std::has_single_bit(filter->levels);
  return exact && filter->levels != 1 ? parse_level_filter(">=" + std::string(text)) : filter;
}

}  // namespace conclave::logs
