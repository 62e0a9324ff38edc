// history list, show, purge; replay.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "app/cli/commands.h"
#include "app/cli/program.h"
#include "app/cli/report_output.h"
#include "app/cli/terminal.h"
#include "engine/base/duration.h"
#include "engine/base/text_file.h"
#include "engine/case/judging.h"
#include "engine/case/snapshots.h"
#include "engine/store/store.h"

namespace conclave::cli {
namespace {

constexpr std::size_t largest_report = 256U << 20U;  // bytes

Result<Report> parse_report(const std::string& text, const std::string& where) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return fail(ErrorKind::serialization, "this is not JSON", where);
  auto report = report_from_json(json);
  if (!report && report.error().where.empty()) report.error().where = where;
  return report;
}

Result<Report> read_report(const std::string& path) {
  const auto text = read_text_file(path, largest_report);
  if (!text) return tl::unexpected(text.error());
  return parse_report(*text, path);
}

using Judgements = std::multimap<std::string, store::JudgementRow>;  // by report

Result<Judgements> judgements_of(const store::Store& history) {
  const auto rows = history.judgements();
  if (!rows) return tl::unexpected(rows.error());
  Judgements judgements;
  for (const store::JudgementRow& row : *rows) judgements.emplace(row.report_id, row);
  return judgements;
}

nlohmann::json judgements_json(const Judgements& all, const std::string& report) {
  auto list = nlohmann::json::array();
  const auto [first, last] = all.equal_range(report);
  std::for_each(first, last, [&](const auto& entry) { list.push_back(to_json(entry.second)); });
  return list;
}

std::string judgements_text(const Judgements& all, const std::string& report) {
  std::string text;
  const auto [first, last] = all.equal_range(report);
  std::for_each(first, last, [&](const auto& entry) { text += (text.empty() ? "" : "; ") + judgement_words(entry.second); });
  return text;
}

int list_reports(Program& program, std::size_t limit, bool json) {
  const auto history = store::Store::open(store::default_store_path());
  if (!history) return program.failed(history.error());
  const auto rows = (*history)->list_reports(limit);
  if (!rows) return program.failed(rows.error());
  const auto judgements = judgements_of(**history);
  if (!judgements) return program.failed(judgements.error());
  if (json) {
    auto all = nlohmann::json::array();
    for (const store::ReportRow& row : *rows) {
      all.push_back({{"id", row.id},
                     {"case", row.case_name},
                     {"case_key", row.case_key},
                     {"started", format_time(row.started)},
                     {"verdict", row.verdict.empty() ? nlohmann::json(nullptr) : nlohmann::json(row.verdict)},
                     {"passed", row.passed},
                     {"confidence", row.confidence ? nlohmann::json(*row.confidence) : nlohmann::json(nullptr)},
                     {"judgements", judgements_json(*judgements, row.id)}});
    }
    program.out.write(json_text(all));
    return exit_passed;
  }
  Table table({"REPORT", "STARTED", "VERDICT", "CONFIDENCE", "JUDGED", "CASE"});
  for (const store::ReportRow& row : *rows) {
    const Colour colour = row.passed ? Colour::green : row.verdict.empty() ? Colour::yellow : Colour::red;
    table.add({{row.id.substr(0, 8)},
               {human_time(row.started)},
               {row.verdict.empty() ? "no consensus" : row.verdict, colour},
               {row.confidence ? std::to_string(std::lround(*row.confidence * 100)) + "%" : "", Colour::none, true},
               {judgements_text(*judgements, row.id)},
               {row.case_name}});
  }
  program.out.write(rows->empty() ? "the history is empty\n" : table.text(wants_colour(STDOUT_FILENO)));
  return exit_passed;
}

int show_report(Program& program, const std::string& id, ReportOutput& output) {
  if (const auto settled = output.settle(); !settled) return program.failed(settled.error());
  const auto history = store::Store::open(store::default_store_path());
  if (!history) return program.failed(history.error());
  const auto text = (*history)->report_json(id);
  if (!text) return program.failed(text.error());
  const auto report = parse_report(*text, "report " + id);
  if (!report) return program.failed(report.error());
  const auto judgements = judgements_of(**history);
  if (!judgements) return program.failed(judgements.error());
  const int code = output.write(program, *report);
  const auto [first, last] = judgements->equal_range(report->id);
  std::for_each(first, last, [&](const auto& entry) {
    const store::JudgementRow& row = entry.second;
    program.remark("conclave: judged " + harmless(judgement_words(row)) + " on " + human_time(row.judged) +
                   (row.note.empty() ? "" : ": " + harmless(row.note)) + (row.counts ? "" : " (no longer counts)"));
  });
  return code == exit_usage ? code : exit_passed;  // showing worked, whatever the report says
}

int purge_reports(Program& program, const std::string& age) {
  const auto duration = parse_duration(age);
  if (!duration) return program.failed(duration.error());
  const auto history = store::Store::open(store::default_store_path());
  if (!history) return program.failed(history.error());
  const auto removed = (*history)->purge_older_than(now_us() - *duration);
  if (!removed) return program.failed(removed.error());
  const auto scans = (*history)->purge_scans_older_than(now_us() - *duration);
  if (!scans) return program.failed(scans.error());
  program.out.write("removed " + grouped(*removed) + (*removed == 1 ? " report" : " reports") +
                    (*scans == 0 ? "" : " and " + grouped(*scans) + (*scans == 1 ? " scan" : " scans")) + "\n");
  return exit_passed;
}

// The numbers of the consensus, which must come out the same to the last bit.
nlohmann::json judgement(const Report& report) {
  nlohmann::json json = to_json(report);
  nlohmann::json kept;
  for (const char* key :
       {"verdict", "passed", "confidence_score", "confidence_interval", "coverage", "consensus_text", "scopes",
        "dissenting_opinions", "agreement_matrix", "groups", "effective_experts", "counterfactuals", "statements", "weights"}) {
    kept[key] = json[key];
  }
  return kept;
}

// The verdict needs no evidence; who wants to look at what commands printed then finds it by its SHA-256.
void say_snapshots(Program& program, const Report& report) {
  const SnapshotStore store;
  for (const auto& log : report.logs) {
    if (!log.contains("command") || !log["command"].is_string() || !log.contains("path")) continue;
    const auto input = std::find_if(report.receipt.inputs.begin(), report.receipt.inputs.end(),
                                    [&](const ReceiptInput& each) { return log["path"] == each.path; });
    const auto file = input == report.receipt.inputs.end() ? std::nullopt : store.find(input->sha256);
    program.remark("conclave: what '" + harmless(log["command"].get<std::string>()) + "' printed is " +
                   (file ? "kept in " + file->string() : "no longer kept"));
  }
}

int replay_report(Program& program, const std::string& path, ReportOutput& output) {
  if (const auto settled = output.settle(); !settled) return program.failed(settled.error());
  const auto recorded = read_report(path);
  if (!recorded) return program.failed(recorded.error());
  const auto derived = replay(*recorded);
  if (!derived) return program.failed(derived.error());
  const int code = output.write(program, *derived);
  say_snapshots(program, *recorded);
  const nlohmann::json before = judgement(*recorded);
  const nlohmann::json after = judgement(*derived);
  if (before == after) {
    program.remark("conclave: " + path + ": derived the same verdict from the same receipt and responses");
    return code;
  }
  std::string fields;
  for (const auto& [key, value] : before.items()) {
    if (value != after[key]) fields += (fields.empty() ? "" : ", ") + key;
  }
  program.complain(path + ": the report does not follow from its receipt and responses; it differs in " + fields);
  return std::max(code, exit_findings);
}

}  // namespace

void add_history_commands(CLI::App& app, Program& program) {
  auto* group = app.add_subcommand("history", "Reports of earlier consultations, and earlier scans")->require_subcommand(1, 1);

  auto* list = group->add_subcommand("list", "The newest reports first");
  const auto limit = std::make_shared<std::size_t>(50);
  const auto json = std::make_shared<bool>(false);
  list->add_option("--limit", *limit, "How many")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  list->add_flag("--json", *json, "Print JSON");
  list->callback(
      [&program, limit, json] { program.chosen = [&program, limit, json] { return list_reports(program, *limit, *json); }; });

  auto* show = group->add_subcommand("show", "One report again");
  const auto id = std::make_shared<std::string>();
  const auto output = std::make_shared<ReportOutput>();
  show->add_option("REPORT", *id, "Its id, the first characters of it, or last")->required();
  output->add_options(*show);
  show->callback(
      [&program, id, output] { program.chosen = [&program, id, output] { return show_report(program, *id, *output); }; });

  add_judging_commands(*group, program);
  add_scan_history_commands(*group, program);

  auto* purge = group->add_subcommand("purge", "Remove old reports and scans for good");
  const auto age = std::make_shared<std::string>();
  purge->add_option("--older-than", *age, "Age, for example 30d, 12h or 8w")->type_name("AGE")->required();
  purge->callback([&program, age] { program.chosen = [&program, age] { return purge_reports(program, *age); }; });

  auto* replay = app.add_subcommand("replay", "Derive the verdict of a report again from its receipt and responses");
  const auto file = std::make_shared<std::string>();
  const auto form = std::make_shared<ReportOutput>();
  replay->add_option("REPORT", *file, "A report as JSON")->required();
  form->add_options(*replay);
  replay->callback(
      [&program, file, form] { program.chosen = [&program, file, form] { return replay_report(program, *file, *form); }; });
}

}  // namespace conclave::cli
