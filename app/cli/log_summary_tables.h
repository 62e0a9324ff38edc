// Summaries of logs, for terminals and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/logs/fields.h"
#include "engine/logs/source.h"
#include "engine/logs/summary.h"

namespace conclave::cli {

struct SummarizedLog {
  std::string path;
  std::uint64_t file_bytes = 0;
  logs::Encoding encoding = logs::Encoding::utf8;
  logs::LogSummary summary;
  logs::Structure structure = logs::Structure::text;
};

// One object for all logs together, with one entry per log in "sources".
[[nodiscard]] nlohmann::json summary_json(const std::vector<SummarizedLog>& logs, const logs::LogSummary& all);
// A block per log, and one for all together if they are several.
[[nodiscard]] std::string summary_text(const std::vector<SummarizedLog>& logs, const logs::LogSummary& all, bool colour,
                                       int width);

[[nodiscard]] nlohmann::json hourly_json(const logs::LogSummary& summary);
// A line per hour: its start and its number of lines.
[[nodiscard]] std::string hourly_text(const logs::LogSummary& summary);

}  // namespace conclave::cli
