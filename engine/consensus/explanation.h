// The circle in words of its experts. Internal to this room.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/consensus/circle.h"
#include "engine/consensus/conclude.h"

namespace conclave::consensus {

// With a verdict the central answer of those who carried it in the scope that decided it, then what their claims say, best
// supported first; without labels the central answer of the heaviest group; else nothing. The opening of very long texts.
[[nodiscard]] std::vector<Statement> find_statements(const Circle& circle, std::optional<std::size_t> verdict);
// Each on a line of its own; claims with their support, "4 of 5 support, 1 contradicts". Of a lone expert nothing is counted, and
// no claim told again that its answer has.
[[nodiscard]] std::string text_of(std::span<const Statement> statements);

// Labels that lost their scope; where a scope is tied or not confirmed, all of its labels.
[[nodiscard]] std::vector<Dissent> find_dissent(const Circle& circle);

// The answer that is most like the others of its group (indices of `answered`), those with words before those without; then the
// most confident, then the first by name.
[[nodiscard]] std::size_t medoid(const Circle& circle, std::span<const std::size_t> group);

// Which group has the most weight, as an index of Circle::groups, and the share of its weight in all answers.
struct Heaviest {
  std::size_t group = 0;
  double share = 0;
};
[[nodiscard]] Heaviest heaviest_group(const Circle& circle);

}  // namespace conclave::consensus
