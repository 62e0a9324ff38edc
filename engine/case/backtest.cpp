#include "engine/case/backtest.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "engine/case/json_optional.h"
#include "engine/case/judging.h"

namespace conclave {
namespace {

using nlohmann::json;

bool passes(const consensus::Question& question, const std::string& verdict) {
  if (question.gate.pass.empty()) return verdict == question.verdicts.front();
  return std::find(question.gate.pass.begin(), question.gate.pass.end(), verdict) != question.gate.pass.end();
}

void count(Scores& scores, const Report& report, const std::string& truth) {
  const bool should_pass = passes(report.receipt.question, truth);
  ++scores.cases;
  for (Rate* rate : {&scores.right, &scores.undecided, should_pass ? &scores.false_stop : &scores.false_go}) ++rate->of;
  if (!report.consensus.verdict) {
    ++scores.undecided.count;
    return;
  }
  scores.right.count += *report.consensus.verdict == truth ? 1 : 0;
  if (report.consensus.passed && !should_pass) ++scores.false_go.count;
  if (!report.consensus.passed && should_pass) ++scores.false_stop.count;
}

// The report as if nobody had asked the expert.
Result<Report> without(const Report& report, const std::string& expert) {
  Report rest = report;
  rest.responses.clear();
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < report.responses.size(); ++i) {
    if (report.responses[i].expert_name == expert) continue;
    kept.push_back(i);
    rest.responses.push_back(report.responses[i]);
  }
  std::erase(rest.receipt.question.gate.required, expert);
  if (rest.receipt.embedding && rest.receipt.embedding->failure.empty()) {
    consensus::Agreements agreements;
    for (const std::size_t i : kept) {
      auto& row = agreements.emplace_back();
      for (const std::size_t j : kept) row.push_back(report.receipt.embedding->agreements[i][j]);
    }
    rest.receipt.embedding->agreements = std::move(agreements);
  }
  return replay(rest);
}

Result<std::vector<LeftOut>> leave_each_out(std::span<const PastCase> cases) {
  std::map<std::string, LeftOut> experts;
  for (const PastCase& past : cases) {
    for (const auto& response : past.report.responses) {
      LeftOut& expert = experts[response.expert_name];
      expert.answered += response.status == consensus::Status::answered ? 1 : 0;
    }
  }
  std::vector<LeftOut> out;
  for (auto& [name, expert] : experts) {
    expert.expert = name;
    for (const PastCase& past : cases) {
      const auto report = without(past.report, name);
      if (!report) return tl::unexpected(report.error());
      count(expert.scores, *report, past.truth);
    }
    out.push_back(std::move(expert));
  }
  return out;
}

// Experts that gave a verdict that does not pass, and, under the empty name, whether the report did not pass.
std::map<std::string, bool> alarms(const Report& report) {
  std::map<std::string, bool> out{{std::string(), !report.consensus.passed}};
  for (const auto& response : report.responses) {
    const bool judged = response.status == consensus::Status::answered && response.verdict;
    bool& alarm = out[response.expert_name];
    alarm = alarm || (judged && !passes(report.receipt.question, *response.verdict));
  }
  return out;
}

json rate_json(const Rate& rate) {
  const auto [low, high] = rate.interval();
  return {{"count", rate.count},
          {"of", rate.of},
          {"rate", rate.of == 0 ? json(nullptr) : json(static_cast<double>(rate.count) / static_cast<double>(rate.of))},
          {"interval", {low, high}}};
}

json scores_json(const Scores& scores) {
  return {{"cases", scores.cases},
          {"right", rate_json(scores.right)},
          {"false_go", rate_json(scores.false_go)},
          {"false_stop", rate_json(scores.false_stop)},
          {"undecided", rate_json(scores.undecided)}};
}

}  // namespace

std::pair<double, double> Rate::interval() const {
  if (of == 0) return {0.0, 1.0};
  constexpr double z = 1.959963984540054;
  const auto n = static_cast<double>(of);
  const double share = static_cast<double>(count) / n;
  const double middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
  const double reach = z / (1.0 + z * z / n) * std::sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n));
  return {count == 0 ? 0.0 : middle - reach, count == of ? 1.0 : middle + reach};
}

bool should_pass(const PastCase& past) { return passes(past.report.receipt.question, past.truth); }

std::vector<Noticed> who_noticed(std::span<const PastCase> cases, std::span<const JudgedMutant> mutants) {
  std::map<std::string, Noticed> experts;
  for (const JudgedMutant& mutant : mutants) {
    const auto before = alarms(cases[mutant.past].report);
    for (const auto& [expert, alarm] : alarms(mutant.report)) {
      Noticed& noticed = experts[expert];
      noticed.expert = expert;
      const auto quiet = before.find(expert);
      if (quiet == before.end() || quiet->second) continue;
      Rate& rate = noticed.rates.at(static_cast<std::size_t>(mutant.fault));
      ++rate.of;
      rate.count += alarm ? 1 : 0;
    }
  }
  std::vector<Noticed> out;
  for (auto& [expert, noticed] : experts) {
    if (!expert.empty()) out.push_back(std::move(noticed));
  }
  if (const auto circle = experts.find(""); circle != experts.end()) out.push_back(std::move(circle->second));
  return out;
}

json to_json(const Noticed& noticed) {
  json faults = json::object();
  for (const Fault fault : all_faults) faults[fault_name(fault)] = rate_json(noticed.rates.at(static_cast<std::size_t>(fault)));
  return {{"expert", noticed.expert.empty() ? json(nullptr) : json(noticed.expert)}, {"noticed", std::move(faults)}};
}

Result<Backtest> backtest(std::span<const PastCase> cases) {
  Backtest result;
  std::vector<consensus::Lesson> lessons;
  std::set<consensus::VerdictList> questions;
  for (const PastCase& past : cases) {
    auto lesson = lesson_of(past.report, {past.truth, {}, {}});
    if (!lesson) return fail(lesson.error().kind, lesson.error().message, past.file);
    questions.insert(lesson->question);
    lessons.push_back(std::move(*lesson));
    count(result.scores, past.report, past.truth);
  }
  if (const auto verdicts = consensus::judged_verdicts(lessons); !verdicts.empty()) {
    const auto n = static_cast<double>(verdicts.size());
    double error = 0.0;
    double said = 0.0;
    double held = 0.0;
    for (const auto& verdict : verdicts) {
      const double outcome = verdict.held ? 1.0 : 0.0;
      error += (verdict.confidence - outcome) * (verdict.confidence - outcome);
      said += verdict.confidence;
      held += outcome;
    }
    result.brier = error / n;
    result.said = said / n;
    result.held = held / n;
  }
  if (questions.size() == 1) {
    auto learned = consensus::learn(lessons, *questions.begin());
    if (!learned) return tl::unexpected(learned.error());
    result.learned = std::move(*learned);
  }
  auto experts = leave_each_out(cases);
  if (!experts) return tl::unexpected(experts.error());
  result.experts = std::move(*experts);
  return result;
}

json to_json(const Backtest& backtest) {
  json experts = json::array();
  for (const LeftOut& expert : backtest.experts) {
    experts.push_back({{"expert", expert.expert}, {"answered", expert.answered}, {"left_out", scores_json(expert.scores)}});
  }
  json out = scores_json(backtest.scores);
  out.update(json{{"brier", or_null(backtest.brier)},
                  {"mean_confidence", or_null(backtest.said)},
                  {"held", or_null(backtest.held)},
                  {"experts", std::move(experts)},
                  {"learned", backtest.learned.nothing() ? json(nullptr) : consensus::to_json(backtest.learned)}});
  return out;
}

}  // namespace conclave
