// Cases whose outcome is known: how often the circle would have been wrong, and what each expert adds.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/error.h"
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

// Kind invalid_argument for a truth that its case does not know.
[[nodiscard]] Result<Backtest> backtest(std::span<const PastCase> cases);
[[nodiscard]] nlohmann::json to_json(const Backtest& backtest);

}  // namespace conclave
