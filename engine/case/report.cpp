// A report as JSON (DESIGN: "The report as JSON") and back.

#include "engine/case/report.h"

#include "engine/case/case_json.h"
#include "engine/case/json_optional.h"

namespace conclave {
namespace {

using nlohmann::json;

json scope_to_json(const consensus::ScopeVerdict& scope) {
  json probabilities = json::object();
  for (const auto& [label, probability] : scope.probabilities) probabilities[label] = probability;
  return {{"scope", scope.scope},   {"verdict", or_null(scope.verdict)}, {"probabilities", probabilities},
          {"voters", scope.voters}, {"confirmed", scope.confirmed},      {"reason", scope.reason}};
}

json statement_to_json(const consensus::Statement& statement) {
  return {{"text", statement.text},     {"expert", statement.expert},     {"scope", statement.scope},
          {"claim", statement.claim},   {"supports", statement.supports}, {"contradicts", statement.contradicts},
          {"voters", statement.voters}, {"verified", statement.verified}};
}

json problem_to_json(const config::Problem& problem) {
  return {{"severity", config::severity_name(problem.severity)},
          {"rule", problem.rule},
          {"message", problem.message},
          {"fix", problem.fix},
          {"file", problem.location.file},
          {"line", problem.location.line},
          {"column", problem.location.column}};
}

json receipt_to_json(const Receipt& receipt) {
  json inputs = json::array();
  for (const ReceiptInput& input : receipt.inputs) {
    inputs.push_back({{"path", input.path}, {"bytes", input.bytes}, {"sha256", input.sha256}});
  }
  json plugins = json::array();
  for (const ReceiptPlugin& plugin : receipt.plugins) {
    plugins.push_back({{"name", plugin.name}, {"version", plugin.version}, {"sha256", plugin.sha256}});
  }
  json hooks = json::array();
  for (const ReceiptHook& hook : receipt.hooks) {
    hooks.push_back({{"hook", hook.hook}, {"plugin", hook.plugin}, {"change", hook.change}, {"seconds", hook.seconds}});
  }
  json embedding;
  if (receipt.embedding) {
    const ReceiptPlugin& plugin = receipt.embedding->plugin;
    embedding = {{"name", plugin.name},
                 {"version", plugin.version},
                 {"sha256", plugin.sha256},
                 {"agreements", receipt.embedding->agreements},
                 {"failure", receipt.embedding->failure}};
  }
  json out = question_to_json(receipt.question);
  out.update(json{{"inputs", inputs},
                  {"plugins", plugins},
                  {"weights", receipt.weights},
                  {"learned", receipt.learned.nothing() ? json(nullptr) : to_json(receipt.learned)},
                  {"hooks", hooks},
                  {"versions", receipt.versions},
                  {"embedding", embedding},
                  {"evidence_coverage", receipt.evidence_coverage},
                  {"evidence_unreadable", receipt.evidence_unreadable}});
  return out;
}

void add_consensus(json& out, const consensus::ConsensusResult& result) {
  out["verdict"] = or_null(result.verdict);
  out["passed"] = result.passed;
  out["reason"] = result.reason;
  out["confidence_score"] = result.confidence_score;
  out["confidence_interval"] =
      result.confidence_interval ? json{result.confidence_interval->first, result.confidence_interval->second} : json(nullptr);
  out["calibrated"] = result.calibrated;
  out["uncalibrated_score"] = result.uncalibrated_score;
  out["coverage"] = result.coverage;
  out["consensus_text"] = result.consensus_text;
  out["statements"] = json::array();
  for (const consensus::Statement& statement : result.statements) out["statements"].push_back(statement_to_json(statement));
  out["scopes"] = json::array();
  for (const auto& scope : result.scopes) out["scopes"].push_back(scope_to_json(scope));
  out["dissenting_opinions"] = json::array();
  for (const consensus::Dissent& dissent : result.dissenting_opinions) {
    out["dissenting_opinions"].push_back({{"scope", dissent.scope},
                                          {"verdict", dissent.verdict},
                                          {"experts", dissent.experts},
                                          {"content", dissent.content},
                                          {"unique_claims", dissent.unique_claims},
                                          {"best_expert", dissent.best_expert},
                                          {"effective_experts", dissent.effective_experts}});
  }
  out["key_insights"] = json::array();
  for (const consensus::Insight& insight : result.key_insights) {
    out["key_insights"].push_back({{"kind", insight.kind}, {"text", insight.text}, {"experts", insight.experts}});
  }
  out["agreement_matrix"] = result.agreement_matrix;
  out["matrix_experts"] = result.matrix_experts;
  out["groups"] = result.groups;
  out["grouping"] = {{"threshold", result.grouping_threshold}, {"estimated", result.threshold_estimated}};
  out["weights"] = result.weights;
  out["effective_experts"] = result.effective_experts;
  out["counterfactuals"] = json::array();
  for (const consensus::Counterfactual& change : result.counterfactuals) {
    out["counterfactuals"].push_back({{"experts", change.experts},
                                      {"scope", change.scope},
                                      {"becomes", change.becomes.empty() ? json(nullptr) : json(change.becomes)}});
  }
}

// The rest throws nlohmann's exceptions, which report_from_json turns into one Error.

TimeUs time_from(const json& in) {
  const auto time = parse_time(in.get_ref<const std::string&>());
  if (!time) throw json::other_error::create(501, "not a time: " + in.get<std::string>(), &in);
  return *time;
}

config::Problem problem_from_json(const json& in) {
  config::Problem problem;
  const auto severity = in.at("severity").get<std::string>();
  problem.severity = severity == "note"      ? config::Severity::note
                     : severity == "warning" ? config::Severity::warning
                                             : config::Severity::error;
  in.at("rule").get_to(problem.rule);
  in.at("message").get_to(problem.message);
  in.at("fix").get_to(problem.fix);
  in.at("file").get_to(problem.location.file);
  in.at("line").get_to(problem.location.line);
  in.at("column").get_to(problem.location.column);
  return problem;
}

Receipt receipt_from_json(const json& in) {
  Receipt receipt;
  for (const json& input : in.at("inputs")) receipt.inputs.push_back({input.at("path"), input.at("bytes"), input.at("sha256")});
  for (const json& plugin : in.at("plugins")) {
    receipt.plugins.push_back({plugin.at("name"), plugin.at("version"), plugin.at("sha256")});
  }
  in.at("weights").get_to(receipt.weights);
  if (const auto found = in.find("learned"); found != in.end() && !found->is_null()) {
    auto learned = consensus::learned_from_json(*found);
    if (!learned) throw json::other_error::create(501, learned.error().message, &*found);
    receipt.learned = std::move(*learned);
  }
  for (const json& hook : in.at("hooks")) {
    receipt.hooks.push_back({hook.at("hook"), hook.at("plugin"), hook.at("change"), hook.at("seconds")});
  }
  in.at("versions").get_to(receipt.versions);
  receipt.question = question_from_json(in);
  in.at("evidence_coverage").get_to(receipt.evidence_coverage);
  in.at("evidence_unreadable").get_to(receipt.evidence_unreadable);
  if (const auto made = in.find("embedding"); made != in.end() && !made->is_null()) {
    receipt.embedding = ReceiptEmbedding{{made->at("name"), made->at("version"), made->at("sha256")},
                                         made->at("agreements").get<consensus::Agreements>(),
                                         made->value("failure", std::string())};
  }
  return receipt;
}

// What the first reports did not have.
void add_later_fields(const json& in, consensus::ConsensusResult& result) {
  for (const json& statement : in.value("statements", json::array())) {
    result.statements.push_back({statement.at("text"), statement.at("expert"), statement.at("scope"), statement.at("claim"),
                                 statement.at("supports"), statement.at("contradicts"), statement.at("voters"),
                                 statement.at("verified")});
  }
  if (const auto grouping = in.find("grouping"); grouping != in.end()) {
    grouping->at("threshold").get_to(result.grouping_threshold);
    grouping->at("estimated").get_to(result.threshold_estimated);
  }
  result.weights = in.value("weights", result.weights);
}

consensus::ConsensusResult consensus_from_json(const json& in, const Receipt& receipt) {
  consensus::ConsensusResult result;
  result.verdict = optional_from<std::string>(in.at("verdict"));
  in.at("passed").get_to(result.passed);
  in.at("reason").get_to(result.reason);
  result.confidence_score = optional_from<double>(in.at("confidence_score")).value_or(0);
  if (const json& interval = in.at("confidence_interval"); !interval.is_null()) {
    result.confidence_interval = {interval.at(0).get<double>(), interval.at(1).get<double>()};
  }
  in.at("calibrated").get_to(result.calibrated);
  result.uncalibrated_score =
      in.contains("uncalibrated_score") ? in["uncalibrated_score"].get<double>() : result.confidence_score;
  in.at("coverage").get_to(result.coverage);
  in.at("consensus_text").get_to(result.consensus_text);
  for (const json& scope : in.at("scopes")) {
    consensus::ScopeVerdict value;
    scope.at("scope").get_to(value.scope);
    value.verdict = optional_from<std::string>(scope.at("verdict"));
    for (const std::string& label : receipt.question.verdicts) {
      if (const auto found = scope.at("probabilities").find(label); found != scope.at("probabilities").end()) {
        value.probabilities.emplace_back(label, found->get<double>());
      }
    }
    scope.at("voters").get_to(value.voters);
    scope.at("confirmed").get_to(value.confirmed);
    scope.at("reason").get_to(value.reason);
    result.scopes.push_back(std::move(value));
  }
  for (const json& dissent : in.at("dissenting_opinions")) {
    result.dissenting_opinions.push_back({dissent.at("scope"), dissent.at("verdict"), dissent.at("experts"),
                                          dissent.at("content"), dissent.at("unique_claims"),
                                          dissent.value("best_expert", std::string()), dissent.value("effective_experts", 0.0)});
  }
  for (const json& insight : in.at("key_insights")) {
    result.key_insights.push_back({insight.at("kind"), insight.at("text"), insight.at("experts")});
  }
  in.at("agreement_matrix").get_to(result.agreement_matrix);
  in.at("matrix_experts").get_to(result.matrix_experts);
  in.at("groups").get_to(result.groups);
  add_later_fields(in, result);
  in.at("effective_experts").get_to(result.effective_experts);
  for (const json& change : in.at("counterfactuals")) {
    result.counterfactuals.push_back(
        {change.at("experts"), change.at("scope"), optional_from<std::string>(change.at("becomes")).value_or(std::string{})});
  }
  return result;
}

}  // namespace

json to_json(const Report& report) {
  json out;
  out["schema"] = 1;
  out["id"] = report.id;
  out["case"] = report.case_name;
  out["case_file"] = report.case_file.empty() ? json(nullptr) : json(report.case_file);
  out["question"] = report.question;
  add_consensus(out, report.consensus);
  out["responses"] = json::array();
  for (const auto& response : report.responses) out["responses"].push_back(consensus::to_json(response));
  json excerpts = json::array();
  for (const Excerpt& excerpt : report.excerpts) {
    excerpts.push_back({{"source", excerpt.source}, {"line", excerpt.line}, {"text", excerpt.text}});
  }
  out["evidence"] = {{"logs", report.logs}, {"services", report.services}, {"config", report.config}, {"excerpts", excerpts}};
  out["problems"] = json::array();
  for (const config::Problem& problem : report.problems) out["problems"].push_back(problem_to_json(problem));
  out["receipt"] = receipt_to_json(report.receipt);
  out["started"] = format_time(report.started);
  out["seconds"] = report.seconds;
  return out;
}

Result<Report> report_from_json(const json& in) {
  try {
    if (in.at("schema") != 1)
      return fail(ErrorKind::serialization, "a report of another version: schema " + in.at("schema").dump());
    Report report;
    in.at("id").get_to(report.id);
    in.at("case").get_to(report.case_name);
    report.case_file = optional_from<std::string>(in.at("case_file")).value_or(std::string{});
    in.at("question").get_to(report.question);
    report.receipt = receipt_from_json(in.at("receipt"));
    report.consensus = consensus_from_json(in, report.receipt);
    for (const json& item : in.at("responses")) {
      auto response = consensus::response_from_json(item);
      if (!response) return tl::unexpected(response.error());
      report.responses.push_back(std::move(*response));
    }
    const json& evidence = in.at("evidence");
    report.logs = evidence.at("logs");
    report.services = evidence.at("services");
    report.config = evidence.at("config");
    for (const json& excerpt : evidence.at("excerpts")) {
      report.excerpts.push_back({excerpt.at("source"), excerpt.at("line"), excerpt.at("text")});
    }
    for (const json& problem : in.at("problems")) report.problems.push_back(problem_from_json(problem));
    report.started = time_from(in.at("started"));
    in.at("seconds").get_to(report.seconds);
    return report;
  } catch (const json::exception& error) {
    const std::string_view what = error.what();  // "[json.exception.out_of_range.403] key 'id' not found"
    const std::size_t start = what.find("] ");
    return fail(ErrorKind::serialization,
                "not a report: " + std::string(start == std::string_view::npos ? what : what.substr(start + 2)));
  }
}

}  // namespace conclave
