#include "engine/case/past.h"

#include "engine/case/scan_history.h"

namespace conclave {

namespace {

// A report may come from anywhere: what does not fit is left out.
std::vector<scan::ScanResult> services_of(const Report& report) {
  std::vector<scan::ScanResult> results;
  if (!report.services.is_array()) return results;
  for (const nlohmann::json& entry : report.services) {
    if (!entry.is_object()) continue;
    const auto word = [&](const char* key) {
      const auto found = entry.find(key);
      return found != entry.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    const auto targets = scan::parse_targets(word("target"));
    const auto state = scan::state_from_name(word("state"));
    if (!targets || targets->size() != 1 || !state) continue;
    scan::ScanResult& result = results.emplace_back();
    result.target = targets->front();
    result.state = *state;
    result.time = report.started;
    result.detail = word("detail");
    if (const auto latency = entry.find("latency_ms"); latency != entry.end() && latency->is_number())
      result.latency_ms = latency->get<double>();
  }
  return results;
}

}  // namespace

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
  auto added = history.add_report(row, to_json(report).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  if (!added) return added;
  return keep_scan(history, "case " + report.case_name, services_of(report), 0).map([](const auto&) {});
}

Result<EvidencePtr> with_previous(const Evidence& evidence, std::string report_json) {
  EvidenceBuilder builder;
  builder.add_texts("previous.json", {std::move(report_json)});
  builder.add_missing_from(evidence);
  return std::move(builder).seal();
}

}  // namespace conclave
