#include "engine/consensus/aggregation/aggregate.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "engine/base/parallel.h"
#include "engine/consensus/aggregation/bayesian_combination.h"
#include "engine/consensus/aggregation/dawid_skene.h"
#include "engine/consensus/aggregation/families.h"
#include "engine/consensus/aggregation/judged_pool.h"
#include "engine/consensus/aggregation/model_pool.h"
#include "engine/consensus/aggregation/voting_rules.h"

namespace conclave::consensus {
namespace {

constexpr std::size_t most_numbers = std::size_t{1} << 27U;  // 1 GiB of doubles
// Probabilities that differ by less than rounding can produce are a tie.
constexpr double tolerance = 1e-12;

// By class, from the states of the classes.
Grid by_class(const Grid& posterior, std::size_t classes) {
  const std::size_t kinds = posterior.columns / classes;
  Grid out(posterior.rows, classes);
  for (std::size_t item = 0; item < posterior.rows; ++item) {
    for (std::size_t state = 0; state < posterior.columns; ++state) out.row(item)[state / kinds] += posterior.row(item)[state];
  }
  return out;
}

bool any_known(const Crowd& crowd) {
  return std::any_of(crowd.truth.begin(), crowd.truth.end(), [](std::int32_t known) { return known >= 0; });
}

template <class Model>
Verdicts verdicts_of(Fitted<Model> fitted, std::size_t classes) {
  Verdicts out;
  out.converged = fitted.converged;
  out.iterations = fitted.iterations;
  out.probabilities = fitted.posterior.columns == classes ? std::move(fitted.posterior) : by_class(fitted.posterior, classes);
  return out;
}

// Near-copies speak with one voice.
Result<Verdicts> pooled(const Crowd& crowd) {
  Verdicts out;
  Families families = find_families(crowd);
  std::optional<LabelTable> merged;
  if (families.count < crowd.table.experts()) merged = merged_families(crowd.table, families);
  const Crowd voices{merged ? *merged : crowd.table, crowd.truth, crowd.job, crowd.seed};
  auto pool = any_known(crowd) ? judged_pool(voices, most_numbers / 2) : Result<Grid>(pool_of_models(voices, most_numbers / 2));
  if (!pool) return tl::unexpected(pool.error());
  out.probabilities = std::move(*pool);
  out.families = std::move(families.of_expert);
  return out;
}

Result<Verdicts> by_method(const Crowd& crowd, Method method) {
  const std::size_t classes = crowd.table.classes();
  Verdicts out;
  switch (method) {
    case Method::pool:
      return pooled(crowd);
    case Method::majority:
      out.probabilities = vote_shares(crowd);
      return out;
    case Method::wawa:
      out.probabilities = wawa_shares(crowd);
      return out;
    case Method::dawid_skene:
      return verdicts_of(fit_dawid_skene(crowd), classes);
    case Method::one_coin:
      return verdicts_of(fit_one_coin(crowd), classes);
    case Method::ibcc:
      return verdicts_of(fit_ibcc(crowd), classes);
    case Method::ebcc:
      return verdicts_of(fit_ebcc(crowd), classes);
  }
  return out;
}

std::size_t numbers_needed(const LabelTable& table, Method method) {
  const std::size_t kinds = method == Method::ebcc ? ebcc_kinds : 1;
  const std::size_t states = table.classes() * kinds;
  const bool has_tables = method == Method::dawid_skene || method == Method::ibcc || method == Method::ebcc;
  // Classes are at most 2^32, experts too, so that the products are compared by division.
  const std::size_t rows = has_tables ? std::max(table.items(), 2 * table.experts() * table.classes()) : table.items();
  return rows != 0 && states > most_numbers / rows ? most_numbers + 1 : rows * states;
}

std::vector<double> reliabilities(const Crowd& crowd, const Grid& probabilities) {
  std::vector<double> out(crowd.table.experts(), 0.5);
  parallel_for_pieces(out.size(), 64, [&](std::size_t begin, std::size_t end) {
    for (std::size_t expert = begin; expert < end; ++expert) {
      const auto marks = crowd.table.of_expert(expert);
      double right = 1.0;
      for (const Mark& mark : marks) right += probabilities.row(mark.other)[mark.label];
      out[expert] = right / (static_cast<double>(marks.size()) + 2.0);
    }
  });
  return out;
}

}  // namespace

std::optional<Method> method_from_name(std::string_view name) {
  const auto found = std::find(method_names.begin(), method_names.end(), name);
  if (found == method_names.end()) return std::nullopt;
  return static_cast<Method>(found - method_names.begin());
}

std::vector<std::int32_t> most_probable(const Grid& probabilities) {
  std::vector<std::int32_t> out(probabilities.rows, -1);
  for (std::size_t item = 0; item < out.size(); ++item) {
    const auto row = probabilities.row(item);
    const auto best = std::max_element(row.begin(), row.end());
    const auto equals = std::count_if(row.begin(), row.end(), [&](double share) { return share >= *best - tolerance; });
    if (equals == 1) out[item] = static_cast<std::int32_t>(best - row.begin());
  }
  return out;
}

Result<Verdicts> aggregate(const Crowd& crowd, Method method) {
  const LabelTable& table = crowd.table;
  if (numbers_needed(table, method) > most_numbers) {
    return fail(ErrorKind::limit, "by " + std::string(method_names[static_cast<std::size_t>(method)]) + " " +
                                      std::to_string(table.items()) + " items, " + std::to_string(table.experts()) +
                                      " experts and " + std::to_string(table.classes()) +
                                      " classes take more than 1 GiB of memory");
  }
  auto out = table.items() > 0 ? by_method(crowd, method) : Verdicts{};
  if (crowd.job.stopped()) return fail_cancelled();
  if (!out) return out;
  out->labels = most_probable(out->probabilities);
  out->reliability = reliabilities(crowd, out->probabilities);
  return out;
}

}  // namespace conclave::consensus
