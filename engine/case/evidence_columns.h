// The tables of the evidence blob while they are being filled (see evidence.h for their meaning).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/case/case.h"
#include "engine/case/evidence.h"
#include "engine/config/infrastructure.h"
#include "engine/logs/summary.h"
#include "engine/logs/templates.h"
#include "engine/scan/scanner.h"

namespace conclave {

// What one log gave.
struct LogFindings {
  std::string path;
  std::string name = {};     // empty: that of the file
  std::string command = {};  // that printed it; empty: none
  std::uint64_t file_bytes = 0;
  bool unreadable = false;
  logs::LogSummary summary;
  std::vector<logs::Template> templates;
  std::vector<std::string> sample_texts;  // one per summary.samples
};

inline constexpr std::int64_t no_time = INT64_MIN;  // an absent time in a column

void add_case_columns(EvidenceBuilder& builder, const Case& subject);
void add_log_columns(EvidenceBuilder& builder, const std::vector<LogFindings>& logs);
void add_service_columns(EvidenceBuilder& builder, const std::vector<scan::ScanResult>& services);
void add_config_columns(EvidenceBuilder& builder, const std::vector<const config::ConfigFile*>& files);

struct SourcedProblem {
  std::string kind;  // log, service, config, here
  config::Problem problem;
};
void add_problem_columns(EvidenceBuilder& builder, const std::vector<SourcedProblem>& problems);

}  // namespace conclave
