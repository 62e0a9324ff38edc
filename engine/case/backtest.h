// Cases whose outcome is known: how often the circle would have been wrong, and what each expert adds.
#pragma once

#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/case/mutation.h"
#include "engine/case/report.h"

namespace conclave {

struct PastCase {
  std::string file;
  std::string truth;
  Report report;
};

// So many of so many, with the 95 % interval of E. B. Wilson, "Probable inference, the law of succession, and statistical
// inference", JASA 22, 1927; from 0 to 1 where there are none.
struct Rate {
  std::size_t count = 0;
  std::size_t of = 0;
  [[nodiscard]] std::pair<double, double> interval() const;
};

struct Scores {
  std::size_t cases = 0;
  Rate right;
  Rate false_go;    // passed, of the cases that should not have
  Rate false_stop;  // another verdict, of the cases that should have passed
  Rate undecided;   // no consensus
};

struct LeftOut {
  std::string expert;
  std::size_t answered = 0;
  Scores scores;  // as if nobody had asked it
};

struct Backtest {
  Scores scores;
  std::optional<double> brier;   // mean squared error of the confidence; nothing if no outcome says anything of it
  std::optional<double> said;    // mean confidence of the same verdicts,
  std::optional<double> held;    // and how many of them held
  std::vector<LeftOut> experts;  // by name
  consensus::Learned learned;    // what these outcomes teach; nothing if the cases have several lists of verdicts
};

// A case whose truth passes, consulted again with a fault in its evidence.
struct JudgedMutant {
  std::size_t past = 0;  // of the cases, as it was without the fault
  Fault fault = Fault::burst;
  std::string what;
  Report report;
};

// Whether a verdict that does not pass follows a fault; counted only where there was none without it.
struct Noticed {
  std::string expert;                         // empty: the circle, which does not pass
  std::array<Rate, all_faults.size()> rates;  // by fault
};

// Whether the verdicts of a case's question let it pass that has this truth.
[[nodiscard]] bool should_pass(const PastCase& past);

// By expert, all who were asked; then the circle. Who abstains or fails does not notice.
[[nodiscard]] std::vector<Noticed> who_noticed(std::span<const PastCase> cases, std::span<const JudgedMutant> mutants);
[[nodiscard]] nlohmann::json to_json(const Noticed& noticed);

// Kind invalid_argument for a truth that its case does not know.
[[nodiscard]] Result<Backtest> backtest(std::span<const PastCase> cases);
[[nodiscard]] nlohmann::json to_json(const Backtest& backtest);

}  // namespace conclave
