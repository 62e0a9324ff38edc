// What the program leaves in the audit log: which plugins ran or were refused, what was contacted, what the user agreed to.
// Names, hashes, addresses and reasons; never a line of evidence, never a secret.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/case/consult.h"

namespace conclave {

// As security::AuditLog::record() takes them.
struct AuditLine {
  std::string event;
  std::string subject;
  std::string detail;
  bool operator==(const AuditLine&) const = default;
};

// A consultation that is about to begin: every plugin that runs (detail: SHA-256 of its content), every one that may not, and the
// services that will be contacted.
[[nodiscard]] std::vector<AuditLine> audit_of_consultation(const Case& subject, std::span<const ExpertPtr> experts,
                                                           const ConsultOptions& options);
// Plugins that run outside of a consultation.
[[nodiscard]] std::vector<AuditLine> audit_of_plugins(std::span<const ReceiptPlugin> plugins);
// `occasion`: "case NAME", "command scan", ...
[[nodiscard]] AuditLine audit_of_scan(std::span<const scan::Target> targets, std::string_view occasion);
// A command that a log comes from: why it may not run, or how it ended, how much it printed (and the SHA-256 of that), for how
// long it ran.
[[nodiscard]] AuditLine audit_of_command(const CommandRun& run);
// Whether the user agrees that the command runs in the folder of a case.
[[nodiscard]] AuditLine audit_of_command_consent(std::string_view line, bool allowed, std::string_view occasion);
// Whether the user agrees that evidence is sent to the endpoint (scheme://host:port).
[[nodiscard]] AuditLine audit_of_endpoint(std::string_view endpoint, bool allowed, std::string_view occasion);

// Appends; several processes may share the file. Any thread. That it cannot be written stops nothing: say it and go on.
Result<void> write_audit(std::span<const AuditLine> lines, const std::filesystem::path& file);
// $XDG_STATE_HOME/conclave/audit.jsonl, or ~/.local/state/conclave/audit.jsonl.
[[nodiscard]] std::filesystem::path default_audit_path();

}  // namespace conclave
