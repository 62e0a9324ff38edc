// Any text as an expression: it is parsed or refused at a column of its own, and what is parsed can be searched for.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/logs/highlight.h"
#include "engine/logs/search.h"

namespace {

void check(bool holds, int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "the check in line %d does not hold\n", line);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace conclave;
  using namespace conclave::logs;
  constexpr std::string_view log = "2026-03-01T12:00:05Z ERROR a: b\n\n\xff c\r\nlast";
  constexpr std::string_view place = "expression:1:";
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto expression = parse_expression(text);
  if (!expression) {
    if (expression.error().kind == ErrorKind::limit) return 0;
    check(expression.error().where.starts_with(place));
    const unsigned long column = std::strtoul(expression.error().where.c_str() + place.size(), nullptr, 10);
    check(column >= 1 && column <= size + 1);
    return 0;
  }
  std::size_t depth = 0;
  for (const Expression::Step& step : expression->steps) {
    if (step.kind == Expression::Step::Kind::condition) {
      check(step.condition < expression->conditions.size());
      ++depth;
    } else {
      check(depth >= (step.kind == Expression::Step::Kind::negation ? 1U : 2U));
      depth -= step.kind == Expression::Step::Kind::negation ? 0 : 1;
    }
  }
  check(depth == 1);
  SearchOptions options;
  options.reference = 1;
  Job job;
  const auto found = Search::compile(*expression).value().run_in_chunks(log, options, job, 8);
  const auto other = Search::compile(negated(*expression)).value().run_in_chunks(log, options, job, 1000);
  if (!found || !other) return 0;  // too hard for a line
  check(found->lines.complement(4) == other->lines);
  (void)Highlighter::compile(*expression).value().find("2026-03-01T12:00:05Z ERROR a: b");
  return 0;
}
