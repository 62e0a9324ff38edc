#include "engine/case/past.h"

namespace conclave {

std::string case_key(const Case& subject) {
  std::error_code error;
  const auto path = std::filesystem::absolute(subject.file, error);
  return subject.file.empty() || error ? subject.name : path.lexically_normal().string();
}

Result<std::optional<std::string>> last_report_json(const store::Store& history, const Case& subject) {
  return history.last_report_json(case_key(subject));
}

Result<void> keep_report(store::Store& history, const Case& subject, const Report& report) {
  store::ReportRow row;
  row.id = report.id;
  row.case_name = report.case_name;
  row.case_key = case_key(subject);
  row.started = report.started;
  row.verdict = report.consensus.verdict.value_or("");
  row.passed = report.consensus.passed;
  if (report.consensus.verdict) row.confidence = report.consensus.confidence_score;
  // Paths and names may be no UTF-8.
  return history.add_report(row, to_json(report).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

Result<EvidencePtr> with_previous(const Evidence& evidence, std::string report_json) {
  EvidenceBuilder builder;
  builder.add_texts("previous.json", {std::move(report_json)});
  builder.add_missing_from(evidence);
  return std::move(builder).seal();
}

}  // namespace conclave
