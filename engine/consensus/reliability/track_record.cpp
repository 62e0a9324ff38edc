// Each judged verdict of an expert is a draw with its unknown probability of being right: beta-Bernoulli (A. Gelman et al.,
// "Bayesian Data Analysis", 3rd ed., section 2.4), from a uniform prior. The bounds are the 2.5 % and 97.5 % quantiles, found by
// bisection of the regularised incomplete beta function, which is the continued fraction of NIST's Digital Library of
// Mathematical Functions, 8.17.22, by Lentz's method.
#include "engine/consensus/reliability/track_record.h"

#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "engine/base/log_gamma.h"

namespace conclave::consensus {
namespace {

double continued_fraction(double x, double a, double b) {
  constexpr double tiny = 1e-300;
  const auto not_zero = [](double value) { return std::abs(value) < tiny ? tiny : value; };
  double c = 1.0;
  double d = 1.0 / not_zero(1.0 - (a + b) * x / (a + 1.0));
  double product = d;
  for (int i = 1; i <= 100'000; ++i) {
    const double m = i;
    const double even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
    d = 1.0 / not_zero(1.0 + even * d);
    c = not_zero(1.0 + even / c);
    product *= c * d;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
    d = 1.0 / not_zero(1.0 + odd * d);
    c = not_zero(1.0 + odd / c);
    product *= c * d;
    if (std::abs(c * d - 1.0) < 1e-15) break;
  }
  return product;
}

double beta_cumulative(double x, double a, double b) {
  if (x <= 0.0) return 0.0;
  if (x >= 1.0) return 1.0;
  const double front = std::exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1.0) / (a + b + 2.0)) return front * continued_fraction(x, a, b) / a;
  return 1.0 - front * continued_fraction(1.0 - x, b, a) / b;
}

using Key = std::tuple<VerdictList, std::string, std::string>;  // question, expert, scope

class Records {
 public:
  // Calls change(record) for the expert in all scopes and in this one.
  template <class Change>
  void at(const VerdictList& question, const Opinion& opinion, Change change) {
    change(records_[{question, opinion.expert, {}}]);
    change(records_[{question, opinion.expert, opinion.scope}]);
    scopes_[{question, opinion.expert, {}}].insert(opinion.scope);
  }

  std::vector<TrackRecord> finished() {
    std::vector<TrackRecord> out;
    for (auto& [key, record] : records_) {
      const auto& [question, expert, scope] = key;
      if (!scope.empty() && scopes_[{question, expert, {}}].size() < 2) continue;
      record.expert = expert;
      record.scope = scope;
      record.question = question;
      const double alpha = static_cast<double>(record.right) + 1.0;
      const double beta = static_cast<double>(record.wrong) + 1.0;
      record.mean = alpha / (alpha + beta);
      record.interval = {beta_quantile(0.025, alpha, beta), beta_quantile(0.975, alpha, beta)};
      out.push_back(std::move(record));
    }
    return out;
  }

 private:
  std::map<Key, TrackRecord> records_;
  std::map<Key, std::set<std::string>> scopes_;
};

void count_parts(Records& records, const Lesson& lesson) {
  for (const Opinion& opinion : lesson.opinions) {
    records.at(lesson.question, opinion, [&](TrackRecord& record) {
      record.answered += opinion.status == Status::answered ? 1 : 0;
      record.abstained += opinion.status == Status::abstained ? 1 : 0;
      record.failed +=
          opinion.status == Status::failed || opinion.status == Status::timed_out || opinion.status == Status::killed ? 1 : 0;
      record.claims += opinion.claims;
      record.verified_claims += opinion.verified_claims;
    });
  }
}

}  // namespace

double beta_quantile(double probability, double alpha, double beta) {
  double low = 0.0;
  double high = 1.0;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2.0;
    (beta_cumulative(middle, alpha, beta) < probability ? low : high) = middle;
  }
  return (low + high) / 2.0;
}

nlohmann::json to_json(const TrackRecord& record) {
  return {{"expert", record.expert},
          {"scope", record.scope.empty() ? nlohmann::json(nullptr) : nlohmann::json(record.scope)},
          {"verdicts", record.question.labels},
          {"ordered", record.question.ordered},
          {"judged", record.right + record.wrong},
          {"right", record.right},
          {"wrong", record.wrong},
          {"mean", record.mean},
          {"interval", {record.interval.first, record.interval.second}},
          {"answered", record.answered},
          {"abstained", record.abstained},
          {"failed", record.failed},
          {"claims", record.claims},
          {"verified_claims", record.verified_claims}};
}

std::vector<TrackRecord> track_records(std::span<const Lesson> lessons) {
  Records records;
  std::set<std::string> counted;  // a report that was judged as a whole and by scope has the same opinions twice
  for (const Lesson& lesson : lessons) {
    if (counted.insert(lesson.report).second) count_parts(records, lesson);
  }
  for (const JudgedScope& judged : judged_scopes(lessons)) {
    for (const Opinion* vote : judged.votes) {
      const std::size_t label = judged.label_of(*vote);
      const bool wrong = !judged.possible[label];
      const bool right = judged.truth() == label;
      records.at(judged.lesson->question, *vote, [&](TrackRecord& record) {
        record.right += right ? 1 : 0;
        record.wrong += wrong ? 1 : 0;
      });
    }
  }
  return records.finished();
}

}  // namespace conclave::consensus
