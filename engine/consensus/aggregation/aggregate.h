// From who said what of many items to a verdict per item, by any of the published methods or the default pool of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/consensus/aggregation/label_table.h"

namespace conclave::consensus {

enum class Method : std::uint8_t { pool, majority, wawa, dawid_skene, one_coin, ibcc, ebcc };
inline constexpr std::array<std::string_view, 7> method_names{"pool",     "majority", "wawa", "dawid_skene",
                                                              "one_coin", "ibcc",     "ebcc"};
[[nodiscard]] std::optional<Method> method_from_name(std::string_view name);

struct Verdicts {
  Grid probabilities;                // items x classes; each row sums to 1
  std::vector<std::int32_t> labels;  // by item the most probable class, -1 where several are (a tie)
  std::vector<double> reliability;   // by expert, see below
  // By expert its family, numbered by their first experts: near-copies, which the pool heard as one. Empty for other methods.
  std::vector<std::uint32_t> families;
  std::optional<bool> converged;  // nothing for methods that do not iterate, and for the pool
  int iterations = 0;
};

// Deterministic: the same bit by bit for any order of the rows the table was made from and any number of threads. Probabilities
// are over the classes of the table only: where one class was ever said, it is certain. Items of known truth have that as their
// verdict, with probability 1, and teach how reliable experts are.
//
// Reliability, inside (0, 1), is the mean of a beta distribution: the share of an expert's labels that the result holds for true,
// after one that was right and one that was wrong.
//
// Errors: limit, if probabilities or tables of errors would take more than 1 GiB; cancelled.
[[nodiscard]] Result<Verdicts> aggregate(const Crowd& crowd, Method method);

// By row the column with the greatest value, -1 where several have it.
[[nodiscard]] std::vector<std::int32_t> most_probable(const Grid& probabilities);

}  // namespace conclave::consensus
