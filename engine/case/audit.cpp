#include "engine/case/audit.h"

#include "engine/base/folders.h"
#include "engine/security/audit.h"

namespace conclave {

std::vector<AuditLine> audit_of_consultation(const Case& subject, std::span<const ExpertPtr> experts,
                                             const ConsultOptions& options) {
  std::vector<AuditLine> lines = audit_of_plugins(plugins_of(experts, options));
  for (const auto& response : options.refused) {
    lines.push_back({"plugin.refused", response.expert_name, response.error ? response.error->message : ""});
  }
  if (!subject.services.empty()) lines.push_back(audit_of_scan(subject.services, "case " + subject.name));
  return lines;
}

std::vector<AuditLine> audit_of_plugins(std::span<const ReceiptPlugin> plugins) {
  std::vector<AuditLine> lines;
  for (const ReceiptPlugin& plugin : plugins) lines.push_back({"plugin.run", plugin.name + " " + plugin.version, plugin.sha256});
  return lines;
}

AuditLine audit_of_scan(std::span<const scan::Target> targets, std::string_view occasion) {
  std::string detail = std::string(occasion) + ":";
  for (const scan::Target& target : targets) detail += " " + target.host + ":" + std::to_string(target.port);
  return {"scan", std::to_string(targets.size()) + (targets.size() == 1 ? " target" : " targets"), std::move(detail)};
}

AuditLine audit_of_endpoint(std::string_view endpoint, bool allowed, std::string_view occasion) {
  return {allowed ? "endpoint.allow" : "endpoint.withdraw", std::string(endpoint), std::string(occasion)};
}

Result<void> write_audit(std::span<const AuditLine> lines, const std::filesystem::path& file) {
  if (lines.empty()) return {};
  const auto log = security::AuditLog::open(file);
  if (!log) return tl::unexpected(log.error());
  for (const AuditLine& line : lines) {
    if (auto written = log->record(line.event, line.subject, line.detail); !written) return written;
  }
  return {};
}

std::filesystem::path default_audit_path() { return user_state_folder() / "audit.jsonl"; }

}  // namespace conclave
