#include "app/cli/past.h"

namespace conclave::cli {

std::string case_key(const Case& subject) {
  std::error_code error;
  const auto path = std::filesystem::absolute(subject.file, error);
  return subject.file.empty() || error ? subject.name : path.lexically_normal().string();
}

Hooks with_previous(Hooks hooks, std::string previous_json) {
  hooks.on_evidence = [next = std::move(hooks.on_evidence), previous = std::move(previous_json)](
                          EvidencePtr evidence, std::vector<ReceiptHook>& receipt) -> Result<EvidencePtr> {
    EvidenceBuilder builder;
    builder.add_texts("previous.json", {previous});
    builder.add_missing_from(*evidence);
    auto with = std::move(builder).seal();
    if (!with || !next) return with;
    return next(std::move(*with), receipt);
  };
  return hooks;
}

store::ReportRow row_of(const Case& subject, const Report& report) {
  store::ReportRow row;
  row.id = report.id;
  row.case_name = report.case_name;
  row.case_key = case_key(subject);
  row.started = report.started;
  row.verdict = report.consensus.verdict.value_or("");
  row.passed = report.consensus.passed;
  if (report.consensus.verdict) row.confidence = report.consensus.confidence_score;
  return row;
}

}  // namespace conclave::cli
