#include "engine/case/evidence_columns.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/base/ids.h"
#include "engine/scan/probe/facts.h"

namespace conclave {
namespace {

using Integers = std::vector<std::int64_t>;
using Texts = std::vector<std::string>;

template <class Rows, class Get>
Integers integers(const Rows& rows, Get get) {
  Integers column;
  column.reserve(rows.size());
  for (const auto& row : rows) column.push_back(static_cast<std::int64_t>(get(row)));
  return column;
}

template <class Rows, class Get>
Texts texts(const Rows& rows, Get get) {
  Texts column;
  column.reserve(rows.size());
  for (const auto& row : rows) column.push_back(std::string(get(row)));
  return column;
}

// A row of a table that belongs to a log: the row's log and the value.
template <class T>
struct OfLog {
  std::int64_t log;
  const T* value;
  const T* operator->() const { return value; }
};

template <class T, class Get>
std::vector<OfLog<T>> flatten(const std::vector<LogFindings>& logs, Get get) {
  std::vector<OfLog<T>> rows;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    for (const T& value : get(logs[i])) rows.push_back({static_cast<std::int64_t>(i), &value});
  }
  return rows;
}

nlohmann::json time_or_null(const std::optional<TimeUs>& time) {
  return time ? nlohmann::json(format_time(*time)) : nlohmann::json(nullptr);
}

void add_bucket_columns(EvidenceBuilder& builder, const std::vector<LogFindings>& logs) {
  const auto rows = flatten<logs::Bucket>(
      logs, [](const LogFindings& log) -> const auto& { return log.summary.buckets; });
  builder.add_integers("buckets.log", integers(rows, [](const auto& row) { return row.log; }));
  builder.add_integers("buckets.start", integers(rows, [](const auto& row) { return row->start; }));
  builder.add_integers("buckets.lines", integers(rows, [](const auto& row) { return row->lines; }));
  builder.add_integers("buckets.error_lines", integers(rows, [](const auto& row) { return row->error_lines; }));
  builder.add_integers("buckets.warning_lines", integers(rows, [](const auto& row) { return row->warning_lines; }));
  builder.add_integers("buckets.first_error_line", integers(rows, [](const auto& row) { return row->first_error_line; }));
}

void add_gap_columns(EvidenceBuilder& builder, const std::vector<LogFindings>& logs) {
  const auto rows = flatten<logs::Gap>(
      logs, [](const LogFindings& log) -> const auto& { return log.summary.gaps; });
  builder.add_integers("gaps.log", integers(rows, [](const auto& row) { return row.log; }));
  builder.add_integers("gaps.from", integers(rows, [](const auto& row) { return row->from; }));
  builder.add_integers("gaps.to", integers(rows, [](const auto& row) { return row->to; }));
  builder.add_integers("gaps.line_before", integers(rows, [](const auto& row) { return row->line_before; }));
  builder.add_integers("gaps.line_after", integers(rows, [](const auto& row) { return row->line_after; }));
}

void add_sample_columns(EvidenceBuilder& builder, const std::vector<LogFindings>& logs) {
  const auto rows = flatten<logs::Sample>(
      logs, [](const LogFindings& log) -> const auto& { return log.summary.samples; });
  Texts lines;
  for (const LogFindings& log : logs) lines.insert(lines.end(), log.sample_texts.begin(), log.sample_texts.end());
  builder.add_integers("samples.log", integers(rows, [](const auto& row) { return row.log; }));
  builder.add_integers("samples.line", integers(rows, [](const auto& row) { return row->line; }));
  builder.add_integers("samples.time", integers(rows, [](const auto& row) { return row->time == 0 ? no_time : row->time; }));
  builder.add_integers("samples.level", integers(rows, [](const auto& row) { return row->level; }));
  builder.add_texts("samples.text", lines);
}

void add_template_columns(EvidenceBuilder& builder, const std::vector<LogFindings>& logs) {
  const auto rows = flatten<logs::Template>(
      logs, [](const LogFindings& log) -> const auto& { return log.templates; });
  const auto time = [](TimeUs value) { return value == 0 ? no_time : value; };
  builder.add_integers("templates.log", integers(rows, [](const auto& row) { return row.log; }));
  builder.add_texts("templates.id", texts(rows, [](const auto& row) { return hex64(row->id); }));
  builder.add_texts("templates.text", texts(rows, [](const auto& row) { return row->text; }));
  builder.add_integers("templates.count", integers(rows, [](const auto& row) { return row->count; }));
  builder.add_integers("templates.count_before", integers(rows, [](const auto& row) { return row->count_before; }));
  builder.add_integers("templates.first_time", integers(rows, [&](const auto& row) { return time(row->first_time); }));
  builder.add_integers("templates.last_time", integers(rows, [&](const auto& row) { return time(row->last_time); }));
  builder.add_integers("templates.first_line", integers(rows, [](const auto& row) { return row->first_line; }));
  builder.add_integers("templates.last_line", integers(rows, [](const auto& row) { return row->last_line; }));
  builder.add_integers("templates.level", integers(rows, [](const auto& row) { return row->level; }));
  builder.add_integers("templates.sample_line", integers(rows, [](const auto& row) {
                         return row->samples.empty() ? row->first_line : row->samples.front();
                       }));
}

}  // namespace

void add_case_columns(EvidenceBuilder& builder, const Case& subject) {
  nlohmann::json json = {{"name", subject.name},
                         {"question", subject.question_text},
                         {"verdicts", subject.question.verdicts},
                         {"ordered", subject.question.ordered},
                         {"time_range", nullptr},
                         {"change_time", time_or_null(subject.change_time)}};
  if (subject.time_range) {
    json["time_range"] = {format_time(subject.time_range->first), format_time(subject.time_range->second)};
  }
  builder.add_texts("case.json", {json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
}

void add_log_columns(EvidenceBuilder& builder, const std::vector<LogFindings>& logs) {
  builder.add_texts("logs.path", texts(logs, [](const auto& log) { return log.path; }));
  builder.add_texts("logs.name", texts(logs, [](const auto& log) {
                      return log.name.empty() ? std::filesystem::path(log.path).filename().string() : log.name;
                    }));
  builder.add_texts("logs.command", texts(logs, [](const auto& log) { return log.command; }));
  builder.add_integers("logs.bytes", integers(logs, [](const auto& log) { return log.summary.bytes; }));
  builder.add_integers("logs.lines", integers(logs, [](const auto& log) { return log.summary.lines; }));
  builder.add_integers("logs.error_lines", integers(logs, [](const auto& log) { return log.summary.error_lines; }));
  builder.add_integers("logs.warning_lines", integers(logs, [](const auto& log) { return log.summary.warning_lines; }));
  builder.add_integers("logs.timestamp_lines", integers(logs, [](const auto& log) { return log.summary.timestamp_lines; }));
  builder.add_integers("logs.first_time",
                       integers(logs, [](const auto& log) { return log.summary.first_time.value_or(no_time); }));
  builder.add_integers("logs.last_time", integers(logs, [](const auto& log) { return log.summary.last_time.value_or(no_time); }));
  builder.add_texts("logs.stamp_format", texts(logs, [](const auto& log) { return log.summary.stamp_format; }));
  builder.add_integers("logs.bucket_us", integers(logs, [](const auto& log) { return log.summary.bucket_us; }));
  builder.add_integers("logs.out_of_order", integers(logs, [](const auto& log) { return log.summary.out_of_order; }));
  for (std::size_t level = 0; level < logs::level_count; ++level) {
    builder.add_integers("logs.level_" + std::to_string(level),
                         integers(logs, [&](const auto& log) { return log.summary.levels[level]; }));
  }
  std::vector<std::uint8_t> unreadable;
  for (const LogFindings& log : logs) unreadable.push_back(log.unreadable ? 1 : 0);
  builder.add_bytes("logs.unreadable", unreadable);
  add_bucket_columns(builder, logs);
  add_gap_columns(builder, logs);
  add_sample_columns(builder, logs);
  add_template_columns(builder, logs);
}

std::string facts_of(const scan::ScanResult& result) {
  if (!result.facts) return {};
  return nlohmann::json{{"service", scan::to_json(result.facts->service)},
                        {"tls", result.facts->tls ? scan::to_json(*result.facts->tls) : nlohmann::json(nullptr)},
                        {"http", result.facts->http ? scan::to_json(*result.facts->http) : nlohmann::json(nullptr)}}
      .dump();
}

std::string unmet_of(const scan::ScanResult& result) {
  std::string out;
  if (!result.facts) return out;
  for (const std::string& flaw : result.facts->unmet) out.append(out.empty() ? "" : "; ").append(flaw);
  return out;
}

void add_service_columns(EvidenceBuilder& builder, const std::vector<scan::ScanResult>& services) {
  builder.add_texts("services.name", texts(services, [](const auto& row) { return row.target.name; }));
  builder.add_texts("services.host", texts(services, [](const auto& row) { return row.target.host; }));
  builder.add_integers("services.port", integers(services, [](const auto& row) { return row.target.port; }));
  builder.add_texts("services.expect", texts(services, [](const auto& row) {
                      return scan::state_name(row.target.expect.value_or(scan::State::open));
                    }));
  builder.add_texts("services.state", texts(services, [](const auto& row) { return scan::state_name(row.state); }));
  std::vector<double> latency;
  for (const auto& row : services) latency.push_back(row.latency_ms.value_or(std::numeric_limits<double>::quiet_NaN()));
  builder.add_numbers("services.latency_ms", latency);
  builder.add_texts("services.address", texts(services, [](const auto& row) { return row.address; }));
  builder.add_texts("services.detail", texts(services, [](const auto& row) { return row.detail; }));
  builder.add_texts("services.facts", texts(services, &facts_of));
  builder.add_texts("services.unmet", texts(services, &unmet_of));
}

void add_config_columns(EvidenceBuilder& builder, const std::vector<const config::ConfigFile*>& files) {
  const auto dump = [](const nlohmann::json& json) {
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  builder.add_texts("config.file", texts(files, [](const auto* file) { return file->file; }));
  builder.add_texts("config.json", texts(files, [&](const auto* file) { return dump(file->tree); }));
  builder.add_texts("config.model", texts(files, [&](const auto* file) { return dump(config::to_json(file->model)); }));
  Texts names;
  std::vector<config::FlatValue> values;
  for (const auto* file : files) {
    names.insert(names.end(), file->values.size(), file->file);
    values.insert(values.end(), file->values.begin(), file->values.end());
  }
  builder.add_texts("values.file", names);
  builder.add_texts("values.path", texts(values, [](const auto& value) { return value.path; }));
  builder.add_texts("values.value", texts(values, [](const auto& value) { return value.value; }));
  builder.add_integers("values.line", integers(values, [](const auto& value) { return value.line; }));
  builder.add_integers("values.column", integers(values, [](const auto& value) { return value.column; }));
}

void add_problem_columns(EvidenceBuilder& builder, const std::vector<SourcedProblem>& problems) {
  builder.add_texts("problems.kind", texts(problems, [](const auto& row) { return row.kind; }));
  builder.add_texts("problems.severity",
                    texts(problems, [](const auto& row) { return config::severity_name(row.problem.severity); }));
  builder.add_texts("problems.rule", texts(problems, [](const auto& row) { return row.problem.rule; }));
  builder.add_texts("problems.message", texts(problems, [](const auto& row) { return row.problem.message; }));
  builder.add_texts("problems.fix", texts(problems, [](const auto& row) { return row.problem.fix; }));
  builder.add_texts("problems.file", texts(problems, [](const auto& row) { return row.problem.location.file; }));
  builder.add_integers("problems.line", integers(problems, [](const auto& row) { return row.problem.location.line; }));
  builder.add_integers("problems.column", integers(problems, [](const auto& row) { return row.problem.location.column; }));
}

}  // namespace conclave
