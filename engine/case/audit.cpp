#include "engine/case/audit.h"

#include <array>
#include <cstdio>

#include "engine/base/folders.h"
#include "engine/security/audit.h"
#include "engine/security/redaction.h"

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
  for (std::size_t i = 0; i < targets.size(); ++i) {
    // Ports of a host that follow one another are a range.
    const std::size_t first = i;
    while (i + 1 < targets.size() && targets[i + 1].host == targets[i].host && targets[i + 1].port == targets[i].port + 1) ++i;
    detail += " " + targets[first].host + ":" + std::to_string(targets[first].port);
    if (i > first) detail.append("-").append(std::to_string(targets[i].port));
  }
  return {"scan", std::to_string(targets.size()) + (targets.size() == 1 ? " target" : " targets"), std::move(detail)};
}

AuditLine audit_of_command(const CommandRun& run) {
  using logs::CommandEnd;
  const std::string line = security::redact(run.line).text;
  if (run.refused) return {"command.refused", line, run.failure};
  const logs::CommandResult& result = run.result;
  std::string detail;
  switch (result.end) {
    case CommandEnd::exited:
      detail = "status " + std::to_string(result.code);
      break;
    case CommandEnd::killed:
      detail = "signal " + std::to_string(result.code);
      break;
    case CommandEnd::timed_out:
      detail = "timed out";
      break;
    case CommandEnd::too_large:
      detail = "too large";
      break;
    case CommandEnd::cancelled:
      detail = "cancelled";
      break;
  }
  if (!run.failure.empty()) detail = "failed: " + run.failure;
  std::array<char, 32> seconds{};
  (void)std::snprintf(seconds.data(), seconds.size(), "%.3f", result.seconds);
  detail += ", " + std::to_string(result.bytes) + " bytes, " + seconds.data() + " s";
  detail += run.sha256.empty() ? ", not kept" : ", sha256 " + run.sha256;
  return {"command.run", line, detail + ", in " + run.folder.string()};
}

AuditLine audit_of_command_consent(std::string_view line, bool allowed, std::string_view occasion) {
  return {allowed ? "command.allow" : "command.withdraw", security::redact(line).text, std::string(occasion)};
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
