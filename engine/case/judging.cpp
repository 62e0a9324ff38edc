#include "engine/case/judging.h"

#include <algorithm>

#include "engine/base/text.h"

namespace conclave {
namespace {

using consensus::Lesson;

tl::unexpected<Error> refuse(std::string message) { return fail(ErrorKind::invalid_argument, std::move(message)); }

std::vector<std::string_view> views(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }

bool is_one_of(const std::vector<std::string>& labels, const std::string& label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

// The verdict that is judged: of the report or of a scope.
Result<std::optional<std::string>> judged_verdict(const Report& report, const std::string& scope) {
  if (scope.empty()) return report.consensus.verdict;
  std::vector<std::string_view> scopes;
  for (const auto& each : report.consensus.scopes) {
    if (each.scope == scope) return each.verdict;
    scopes.push_back(each.scope);
  }
  return refuse("the report has no scope '" + valid_utf8(scope) + "'" + did_you_mean(scope, scopes));
}

Result<std::vector<std::string>> possible_labels(const Report& report, const Judgement& judgement,
                                                 const std::optional<std::string>& verdict) {
  const auto& labels = report.receipt.question.verdicts;
  if (is_one_of(labels, judgement.answer)) return std::vector{judgement.answer};
  if (judgement.answer != "right" && judgement.answer != "wrong") {
    return refuse("'" + valid_utf8(judgement.answer) + "' is neither right nor wrong nor one of the verdicts" +
                  did_you_mean(judgement.answer, views(labels)));
  }
  if (!verdict) {
    return refuse((judgement.scope.empty() ? "the report has" : "the scope '" + valid_utf8(judgement.scope) + "' has") +
                  std::string(" no verdict that could be ") + judgement.answer + "; say which was true");
  }
  if (judgement.answer == "right") return std::vector{*verdict};
  std::vector<std::string> others;
  std::copy_if(labels.begin(), labels.end(), std::back_inserter(others), [&](const auto& label) { return label != *verdict; });
  return others;
}

std::vector<consensus::Opinion> opinions_of(const Report& report) {
  std::vector<consensus::Opinion> opinions;
  const auto& scopes = report.consensus.scopes;
  const auto& labels = report.receipt.question.verdicts;
  for (const consensus::ExpertResponse& response : report.responses) {
    consensus::Opinion opinion;
    opinion.expert = valid_utf8(response.expert_name);
    opinion.scope = valid_utf8(response.scope);
    opinion.status = response.status;
    if (response.status == consensus::Status::answered) {
      if (response.verdict && is_one_of(labels, *response.verdict)) opinion.verdict = response.verdict;
      opinion.confidence = response.confidence;
    }
    const bool one_for_all = !report.receipt.question.ordered && scopes.size() == 1;
    opinion.votes = opinion.verdict && std::any_of(scopes.begin(), scopes.end(), [&](const consensus::ScopeVerdict& scope) {
                      return (one_for_all || scope.scope == opinion.scope) &&
                             std::find(scope.voters.begin(), scope.voters.end(), opinion.expert) != scope.voters.end();
                    });
    opinion.claims = response.claims.size();
    opinion.verified_claims = static_cast<std::size_t>(
        std::count_if(response.claims.begin(), response.claims.end(), [](const auto& claim) { return claim.verified(); }));
    opinions.push_back(std::move(opinion));
  }
  return opinions;
}

}  // namespace

Result<Lesson> lesson_of(const Report& report, const Judgement& judgement) {
  const consensus::Question& question = report.receipt.question;
  if (question.verdicts.size() < 2) return refuse("a question with one verdict leaves nothing to judge");
  const auto verdict = judged_verdict(report, judgement.scope);
  if (!verdict) return tl::unexpected(verdict.error());
  auto truth = possible_labels(report, judgement, *verdict);
  if (!truth) return tl::unexpected(truth.error());
  Lesson lesson;
  lesson.report = report.id;
  lesson.scope = judgement.scope;
  lesson.question = {question.verdicts, question.ordered};
  for (const std::string& label : question.verdicts) {
    const auto& pass = question.gate.pass;
    if (pass.empty() ? label == question.verdicts.front() : is_one_of(pass, label)) lesson.passing.push_back(label);
  }
  lesson.verdict = report.consensus.verdict;
  lesson.confidence = report.consensus.uncalibrated_score;
  for (const auto& scope : report.consensus.scopes) {
    lesson.scopes.emplace_back(scope.scope, scope.verdict);
    auto& said = lesson.said.emplace_back();
    if (!scope.confirmed || scope.voters.empty() || scope.probabilities.size() != question.verdicts.size()) continue;
    for (const auto& [label, probability] : scope.probabilities) said.push_back(probability);
  }
  lesson.opinions = opinions_of(report);
  lesson.truth = std::move(*truth);
  return lesson;
}

Result<store::JudgementRow> judge(store::Store& history, const std::string& id, const Judgement& judgement) {
  const auto text = history.report_json(id);
  if (!text) return tl::unexpected(text.error());
  const auto json = nlohmann::json::parse(*text, nullptr, false);
  const auto report =
      json.is_discarded() ? fail(ErrorKind::serialization, "this is not JSON", "report " + id) : report_from_json(json);
  if (!report) return tl::unexpected(report.error());
  return judge(history, *report, judgement);
}

Result<store::JudgementRow> judge(store::Store& history, const Report& report, const Judgement& judgement) {
  if (report.id.empty()) return refuse("a report without an id cannot be judged");
  const auto lesson = lesson_of(report, judgement);
  if (!lesson) return tl::unexpected(lesson.error());
  const store::JudgementRow row{
      report.id, judgement.scope, judgement.answer, valid_utf8(judgement.note), now_us(), to_json(*lesson).dump(), true};
  if (const auto kept = history.set_judgement(row); !kept) return tl::unexpected(kept.error());
  return row;
}

Result<store::JudgementRow> take_back(store::Store& history, const std::string& id, const std::string& scope) {
  if (id == "last") {
    const auto newest = history.list_reports(1);
    if (!newest) return tl::unexpected(newest.error());
    if (!newest->empty()) return take_back(history, newest->front().id, scope);
  }
  const auto rows = history.judgements();
  if (!rows) return tl::unexpected(rows.error());
  std::vector<store::JudgementRow> found;
  for (const store::JudgementRow& row : *rows) {
    if (id.size() >= 4 && row.report_id.starts_with(id) && row.scope == scope) found.push_back(row);
  }
  if (found.size() > 1)
    return fail(ErrorKind::not_found, "more than one judged report begins with '" + id + "'; give more of its id");
  Result<bool> removed = false;
  if (!found.empty()) removed = history.remove_judgement(found.front().report_id, scope);
  if (!removed) return tl::unexpected(removed.error());
  if (!*removed) {
    return fail(ErrorKind::not_found, "there is no judgement of report '" + id + "'" +
                                          (scope.empty() ? std::string() : " in the scope '" + valid_utf8(scope) + "'"));
  }
  return found.front();
}

Result<std::vector<Lesson>> lessons_of(const store::Store& history) {
  const auto rows = history.judgements();
  if (!rows) return tl::unexpected(rows.error());
  std::vector<Lesson> lessons;
  for (const store::JudgementRow& row : *rows) {
    if (!row.counts) continue;
    const auto json = nlohmann::json::parse(row.lesson, nullptr, false);
    auto lesson = json.is_discarded() ? fail(ErrorKind::serialization, "not JSON") : consensus::lesson_from_json(json);
    if (!lesson) {
      return fail(ErrorKind::serialization, "the judgement of report " + row.report_id + " is damaged: " +
                                                lesson.error().message + "; judge the report again, or take the judgement back");
    }
    lessons.push_back(std::move(*lesson));
  }
  return lessons;
}

Result<consensus::Learned> learned_from(const store::Store& history, const consensus::Question& question) {
  const auto lessons = lessons_of(history);
  if (!lessons) return tl::unexpected(lessons.error());
  return consensus::learn(*lessons, {question.verdicts, question.ordered});
}

std::string judgement_words(const store::JudgementRow& row) {
  const std::string said = row.answer == "right" || row.answer == "wrong" ? row.answer : "truly " + row.answer;
  return row.scope.empty() ? said : said + " in " + row.scope;
}

nlohmann::json to_json(const store::JudgementRow& row) {
  return {{"report_id", row.report_id},
          {"scope", row.scope.empty() ? nlohmann::json(nullptr) : nlohmann::json(row.scope)},
          {"answer", row.answer},
          {"note", row.note},
          {"judged", format_time(row.judged)},
          {"counts", row.counts}};
}

AuditLine audit_of_judgement(const store::JudgementRow& row, bool taken_back) {
  return {taken_back ? "history.unjudge" : "history.judge", row.report_id, judgement_words(row)};
}

AuditLine audit_of_reset(std::uint64_t judgements) {
  return {"history.reset-learning", std::to_string(judgements) + (judgements == 1 ? " judgement" : " judgements"),
          "count no longer"};
}

}  // namespace conclave
