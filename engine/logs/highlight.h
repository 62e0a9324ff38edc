// Where in a line an expression's texts are, for whoever shows it.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/logs/expression.h"

namespace conclave::logs {

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool operator==(const Span&) const = default;
};

// One thread at a time. Texts behind a "not" are not shown.
class Highlighter {
 public:
  [[nodiscard]] static Result<Highlighter> compile(const Expression& expression);
  // In order, not touching each other; at most some hundred.
  [[nodiscard]] std::vector<Span> find(std::string_view line) const;

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

}  // namespace conclave::logs
