#include "engine/logs/line_bits.h"

#include <utility>

namespace conclave::logs {

void Bounds::decide(std::size_t line, bool holds) {
  if (holds) {
    surely.set(line);
  } else {
    maybe.clear(line);
  }
}

LineBits Bounds::undecided(std::size_t lines) const {
  LineBits open = surely;
  open.invert(lines);
  return open &= maybe;
}

Bounds evaluate(const Expression& expression, std::span<const Bounds> conditions, std::size_t lines) {
  std::vector<Bounds> stack;
  for (const Expression::Step& step : expression.steps) {
    if (step.kind == Expression::Step::Kind::condition) {
      stack.push_back(conditions[step.condition]);
      continue;
    }
    if (step.kind == Expression::Step::Kind::negation) {
      Bounds& top = stack.back();
      std::swap(top.surely, top.maybe);
      top.surely.invert(lines);
      top.maybe.invert(lines);
      continue;
    }
    const Bounds right = std::move(stack.back());
    stack.pop_back();
    Bounds& left = stack.back();
    if (step.kind == Expression::Step::Kind::conjunction) {
      left.surely &= right.surely;
      left.maybe &= right.maybe;
    } else {
      left.surely |= right.surely;
      left.maybe |= right.maybe;
    }
  }
  return std::move(stack.back());
}

}  // namespace conclave::logs
