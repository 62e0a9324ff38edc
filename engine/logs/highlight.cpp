#include "engine/logs/highlight.h"

#include <algorithm>

#include "engine/logs/line_regex.h"
#include "engine/logs/literal_scan.h"

namespace conclave::logs {
namespace {

constexpr std::size_t most_spans = 256;  // of one text in one line

// Whether each condition stands behind an even number of negations.
std::vector<bool> positive_conditions(const Expression& expression) {
  std::vector<bool> positive(expression.conditions.size(), true);
  std::vector<std::vector<std::uint32_t>> stack;
  for (const Expression::Step& step : expression.steps) {
    if (step.kind == Expression::Step::Kind::condition) {
      stack.push_back({step.condition});
    } else if (step.kind == Expression::Step::Kind::negation) {
      for (const std::uint32_t i : stack.back()) positive[i] = !positive[i];
    } else {
      const std::vector<std::uint32_t> right = std::move(stack.back());
      stack.pop_back();
      stack.back().insert(stack.back().end(), right.begin(), right.end());
    }
  }
  return positive;
}

}  // namespace

struct Highlighter::Parts {
  std::vector<LiteralScan> literals;
  std::vector<std::size_t> sizes;
  std::vector<LineRegex> regexes;
  LineRegex::Workspace workspace;
};

Result<Highlighter> Highlighter::compile(const Expression& expression) {
  auto parts = std::make_shared<Parts>();
  const std::vector<bool> positive = positive_conditions(expression);
  for (std::size_t i = 0; i < positive.size(); ++i) {
    const auto* text = std::get_if<TextPattern>(&expression.conditions[i]);
    if (!positive[i] || text == nullptr || text->text.empty()) continue;
    if (text->regex) {
      auto regex = LineRegex::compile(text->text, text->any_case);
      if (!regex) return tl::unexpected(regex.error());
      parts->regexes.push_back(std::move(*regex));
    } else {
      parts->literals.emplace_back(std::vector<Literal>{{text->text, text->any_case}});
      parts->sizes.push_back(text->text.size());
    }
  }
  Highlighter highlighter;
  highlighter.parts_ = std::move(parts);
  return highlighter;
}

std::vector<Span> Highlighter::find(std::string_view line) const {
  std::vector<Span> spans;
  for (std::size_t i = 0; i < parts_->literals.size(); ++i) {
    const std::size_t size = parts_->sizes[i];
    std::size_t at = parts_->literals[i].find(0, line, 0);
    for (std::size_t count = 0; at != std::string_view::npos && count < most_spans; ++count) {
      spans.push_back({at, at + size});
      at = parts_->literals[i].find(0, line, at + size);
    }
  }
  for (const LineRegex& regex : parts_->regexes) {
    auto found = regex.find(line, 0, parts_->workspace);
    for (std::size_t count = 0; found && count < most_spans; ++count) {
      spans.push_back({found->first, found->second});
      found = regex.find(line, found->second, parts_->workspace);
    }
  }
  std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.begin < b.begin; });
  std::vector<Span> joined;
  for (const Span& span : spans) {
    if (!joined.empty() && span.begin <= joined.back().end) {
      joined.back().end = std::max(joined.back().end, span.end);
    } else {
      joined.push_back(span);
    }
  }
  return joined;
}

}  // namespace conclave::logs
