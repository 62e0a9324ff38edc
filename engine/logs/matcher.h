// Which lines of a chunk hold which of several texts. Internal to the room.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/logs/expression.h"
#include "engine/logs/line_bits.h"

namespace conclave::logs {

// Literals, and regular expressions that are but literals with "|" between them, run on LiteralScan; other regular expressions on
// RegexScan and LineRegex. Immutable; any thread.
class Matcher {
 public:
  enum class Engines : std::uint8_t { all, only_pcre2 };  // for tests
  [[nodiscard]] static Result<Matcher> compile(const std::vector<TextPattern>& patterns, Engines engines = Engines::all);

  struct Matches {
    std::size_t lines = 0;
    std::vector<LineBits> found;                                  // per pattern
    std::optional<std::pair<std::size_t, std::size_t>> too_hard;  // the pattern and the line that it was too hard for
  };
  // `chunk` is whole lines. Returns early, with something, once the job is stopped.
  [[nodiscard]] Matches match(std::string_view chunk, const Job& job) const;

 private:
  struct Parts;
  std::shared_ptr<const Parts> parts_;
};

// The literals that a regular expression stands for: "error|exception|failed", "(?i)warn", "10\.0\.0\.1"; nothing for others.
[[nodiscard]] std::optional<std::vector<TextPattern>> as_literals(const TextPattern& pattern);

}  // namespace conclave::logs
