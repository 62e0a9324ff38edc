#include "engine/case/consult.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <set>

#include "engine/base/ids.h"
#include "engine/base/text.h"
#include "engine/case/hook_changes.h"
#include "engine/case/past.h"

namespace conclave {
namespace {

using consensus::ExpertResponse;
using consensus::Status;

nlohmann::json time_or_null(std::int64_t time) {
  return time == std::numeric_limits<std::int64_t>::min() ? nlohmann::json(nullptr) : nlohmann::json(format_time(time));
}

nlohmann::json logs_of(const Evidence& evidence) {
  auto logs = nlohmann::json::array();
  const auto readable = evidence.bytes("logs.unreadable");
  for (std::size_t row = 0; row < readable.size(); ++row) {
    const auto value = [&](const char* column) { return evidence.integers(column)[row]; };
    const auto command = evidence.text("logs.command", row);
    logs.push_back({{"path", evidence.text("logs.path", row)},
                    {"name", evidence.text("logs.name", row)},
                    {"command", command.empty() ? nlohmann::json(nullptr) : nlohmann::json(command)},
                    {"readable", readable[row] == 0},
                    {"bytes", value("logs.bytes")},
                    {"lines", value("logs.lines")},
                    {"error_lines", value("logs.error_lines")},
                    {"warning_lines", value("logs.warning_lines")},
                    {"first_time", time_or_null(value("logs.first_time"))},
                    {"last_time", time_or_null(value("logs.last_time"))}});
  }
  return logs;
}

nlohmann::json configs_of(const Evidence& evidence) {
  auto configs = nlohmann::json::array();
  for (std::size_t row = 0; row < evidence.rows("config.file"); ++row) {
    const auto model = nlohmann::json::parse(evidence.text("config.model", row), nullptr, false);
    const auto file = evidence.text("config.file", row);
    std::size_t problems = 0;
    for (std::size_t i = 0; i < evidence.rows("problems.kind"); ++i)
      problems += evidence.text("problems.file", i) == file ? 1 : 0;
    configs.push_back({{"file", file},
                       {"services", model.is_object() && model.contains("services") ? model["services"].size() : 0},
                       {"problems", problems}});
  }
  return configs;
}

// Where what a command printed is kept says nothing to a reader: the command's own name does, in every report the same.
void name_commands(std::vector<ExpertResponse>& responses, const Evidence& evidence) {
  std::map<std::string, std::string, std::less<>> names;
  for (std::size_t row = 0; row < evidence.rows("logs.command"); ++row) {
    if (!evidence.text("logs.command", row).empty())
      names.emplace(evidence.text("logs.path", row), evidence.text("logs.name", row));
  }
  for (ExpertResponse& response : responses) {
    for (consensus::Claim& claim : response.claims) {
      for (consensus::Citation& citation : claim.evidence) {
        if (const auto name = names.find(citation.source); name != names.end()) citation.source = name->second;
      }
    }
  }
}

// The cited lines, each once: what a reader needs when the log has been rotated away.
std::vector<Excerpt> excerpts_of(const std::vector<ExpertResponse>& responses) {
  std::vector<Excerpt> excerpts;
  std::set<std::pair<std::string, std::uint64_t>> seen;
  for (const ExpertResponse& response : responses) {
    for (const consensus::Claim& claim : response.claims) {
      for (const consensus::Citation& citation : claim.evidence) {
        const bool has_line = citation.verified.value_or(false) && citation.line > 0;
        if (has_line && seen.emplace(citation.source, citation.line).second) {
          excerpts.push_back({citation.source, citation.line, citation.excerpt});
        }
      }
    }
  }
  return excerpts;
}

// An answer that breaks the contract is a failure of that expert, not of the report.
void fail_if_invalid(ExpertResponse& response, const consensus::Question& question) {
  if (response.status != Status::answered) return;
  std::string message;
  if (const auto valid = consensus::validate(response); !valid) {
    message = valid.error().text();
  } else if (const auto known = consensus::check_labels(response, question.verdicts); !known) {
    message = known.error().message;
  } else {
    return;
  }
  ExpertResponse failed;
  failed.expert_name = response.expert_name.empty() ? "unnamed" : response.expert_name;
  failed.scope = response.scope.empty() ? "overall" : response.scope;
  failed.status = Status::failed;
  failed.content = std::move(response.content);
  failed.timestamp = response.timestamp;
  failed.seconds = response.seconds;
  failed.error = consensus::ResponseError{"InvalidResponse", std::move(message), {}};
  response = std::move(failed);
}

void append(std::vector<config::Problem>& problems, std::vector<config::Problem> more) {
  std::move(more.begin(), more.end(), std::back_inserter(problems));
}

Result<consensus::ConsensusResult> conclude_again(const std::vector<ExpertResponse>& responses, const Receipt& receipt) {
  std::optional<consensus::Agreements> agreements;
  const std::string failure = receipt.embedding ? receipt.embedding->failure : std::string();
  if (receipt.embedding && failure.empty()) agreements = receipt.embedding->agreements;
  return consensus::conclude(responses, receipt.question, receipt.evidence_coverage, receipt.evidence_unreadable, agreements,
                             failure, receipt.learned);
}

}  // namespace

std::vector<config::Problem> failures_of(const std::vector<ReceiptHook>& hooks) {
  std::vector<config::Problem> problems;
  for (const ReceiptHook& hook : hooks) {
    if (!hook.change.starts_with("failed: ") || hook.hook == "rule" || hook.hook == "probe") continue;
    const std::string first_line = hook.change.substr(0, hook.change.find('\n'));
    problems.push_back(
        {config::Severity::warning, "hook-failed", "hook " + hook.hook + " of " + hook.plugin + " " + first_line, "", {}});
  }
  return problems;
}

namespace {

std::string no_embedding(const Case& subject) {
  return "the case compares texts by the embedding '" + subject.question.circle.embedding + "', and there is none here";
}

Result<ReceiptEmbedding> embed(const Embedding& embedding, std::span<const ExpertResponse> responses, Job& job) {
  const auto texts = consensus::texts_to_embed(responses);
  Result<nlohmann::json> vectors = nlohmann::json::array();
  if (!texts.empty()) vectors = embedding.embed(texts, job);
  if (job.stopped()) return fail_cancelled();
  return compared_by(embedding.plugin, responses, vectors);
}

}  // namespace

ReceiptEmbedding compared_by(const ReceiptPlugin& plugin, std::span<const ExpertResponse> responses,
                             const Result<nlohmann::json>& vectors) {
  Result<consensus::Agreements> agreements =
      vectors.and_then([&](const nlohmann::json& made) { return consensus::semantic_agreements(responses, made); });
  if (agreements) return {plugin, std::move(*agreements)};
  const std::string& why = agreements.error().message;
  return {plugin, {}, "embedding '" + plugin.name + "' failed: " + valid_utf8(why.substr(0, why.find('\n')))};
}

int Report::exit_code() const {
  if (!consensus.verdict) return 3;
  return consensus.passed ? 0 : 1;
}

Result<Report> make_report(const Case& subject, const Gathered& gathered, std::vector<ExpertResponse> responses,
                           std::vector<ReceiptPlugin> plugins, std::vector<ReceiptHook> hooks,
                           const std::map<std::string, double>& weights, TimeUs started,
                           std::optional<ReceiptEmbedding> embedding, consensus::Learned learned) {
  for (ExpertResponse& response : responses) {
    if (const auto weight = weights.find(response.expert_name); weight != weights.end()) response.weight = weight->second;
    const auto factor = learned.weights.find(valid_utf8(response.expert_name));
    if (factor != learned.weights.end()) response.weight *= factor->second;
    fail_if_invalid(response, subject.question);
  }
  verify_claims(responses, *gathered.evidence);
  name_commands(responses, *gathered.evidence);

  Report report;
  report.id = random_id();
  report.case_name = subject.name;
  report.case_file = subject.file.string();
  report.question = subject.question_text;
  report.responses = std::move(responses);
  report.logs = logs_of(*gathered.evidence);
  report.services = services_of(*gathered.evidence);
  report.config = configs_of(*gathered.evidence);
  report.excerpts = excerpts_of(report.responses);
  report.problems = gathered.problems;
  append(report.problems, failures_of(hooks));
  report.receipt.inputs = gathered.inputs;
  report.receipt.plugins = std::move(plugins);
  for (const ExpertResponse& response : report.responses) report.receipt.weights[response.expert_name] = response.weight;
  report.receipt.hooks = std::move(hooks);
  report.receipt.versions = {{"conclave", CONCLAVE_VERSION}, {"report", "1"}};
  report.receipt.question = subject.question;
  report.receipt.evidence_coverage = gathered.coverage;
  report.receipt.evidence_unreadable = gathered.unreadable;
  if (embedding && !embedding->failure.empty()) {
    report.problems.push_back(
        {config::Severity::warning,
         "embedding-failed",
         embedding->failure + "; the answers were compared by their words instead, and no case passes on that",
         {},
         {}});
  }
  report.receipt.embedding = std::move(embedding);
  report.receipt.learned = std::move(learned);
  report.started = started;

  auto consensus = conclude_again(report.responses, report.receipt);
  if (!consensus) return tl::unexpected(consensus.error());
  report.consensus = std::move(*consensus);
  report.seconds = static_cast<double>(now_us() - started) / static_cast<double>(us_per_second);
  return report;
}

Report with_notes(Report report, std::vector<config::Problem> notes, std::vector<ReceiptHook> hooks) {
  append(report.problems, failures_of(hooks));
  append(report.problems, std::move(notes));
  std::move(hooks.begin(), hooks.end(), std::back_inserter(report.receipt.hooks));
  return report;
}

Result<OpenedCase> open_case(const Case& subject, const Hooks& hooks, Job& job) {
  OpenedCase opened;
  if (!hooks.on_case_opened) return opened;
  auto notes = hooks.on_case_opened(subject, opened.hooks, job);
  if (!notes) return tl::unexpected(std::move(notes.error()));
  opened.notes = std::move(*notes);
  return opened;
}

Result<Report> consult(const Case& subject, std::span<const ExpertPtr> experts, const ConsultOptions& options, Job& job) {
  const TimeUs started = now_us();
  const bool semantic = subject.question.circle.similarity_algorithm == consensus::Similarity::semantic;
  if (semantic && !options.embedding) return fail(ErrorKind::circle, no_embedding(subject));
  if (auto there = check_probes(subject, options.probes); !there) return tl::unexpected(std::move(there.error()));
  auto opened = options.opened ? Result<OpenedCase>(*options.opened) : open_case(subject, options.hooks, job);
  if (!opened) return tl::unexpected(opened.error());
  std::vector<ReceiptHook> hooks = std::move(opened->hooks);

  auto config = load_config(subject);
  if (!config && !subject.keep_going) return tl::unexpected(config.error());
  std::optional<config::ConfigFile> loaded = config ? std::move(*config) : std::nullopt;
  if (loaded && options.hooks.on_config_loaded) {
    auto changed = options.hooks.on_config_loaded(std::move(*loaded), hooks, job);
    if (!changed) return tl::unexpected(changed.error());
    loaded = std::move(*changed);
  }
  if (loaded && options.hooks.check_config) {
    auto checked = options.hooks.check_config(std::move(*loaded), hooks, job);
    if (!checked) return tl::unexpected(checked.error());
    loaded = std::move(*checked);
  }

  auto gathered = gather(subject, loaded, job, options.commands);
  if (!gathered) return tl::unexpected(gathered.error());
  gathered->problems.insert(gathered->problems.end(), options.problems.begin(), options.problems.end());
  if (options.previous) {
    auto evidence = with_previous(*gathered->evidence, *options.previous);
    if (!evidence) return tl::unexpected(evidence.error());
    gathered->evidence = std::move(*evidence);
  }
  auto probed = probe_services(subject, gathered->evidence, options.probes, job);
  if (!probed) return tl::unexpected(std::move(probed.error()));
  gathered->evidence = std::move(probed->evidence);
  std::move(probed->hooks.begin(), probed->hooks.end(), std::back_inserter(hooks));
  append(gathered->problems, std::move(probed->problems));
  if (options.hooks.on_scan_result && gathered->evidence->rows("services.name") > 0) {
    auto evidence = options.hooks.on_scan_result(gathered->evidence, hooks, job);
    if (!evidence) return tl::unexpected(evidence.error());
    gathered->evidence = std::move(*evidence);
  }
  auto remembered = with_past_of_services(subject, gathered->evidence, options.services_past);
  if (!remembered) return tl::unexpected(std::move(remembered.error()));
  gathered->evidence = std::move(remembered->evidence);
  append(gathered->problems, std::move(remembered->problems));
  if (options.hooks.on_evidence) {
    auto evidence = options.hooks.on_evidence(gathered->evidence, hooks, job);
    if (!evidence) return tl::unexpected(evidence.error());
    gathered->evidence = std::move(*evidence);
  }
  if (options.on_gathered) options.on_gathered(*gathered);

  std::vector<ExpertResponse> responses = ask(experts, gathered->evidence, job, options.on_response);
  if (job.stopped()) return fail_cancelled();
  responses.insert(responses.end(), options.refused.begin(), options.refused.end());
  if (options.hooks.on_response) {
    auto changed = options.hooks.on_response(std::move(responses), hooks, job);
    if (!changed) return tl::unexpected(changed.error());
    responses = std::move(*changed);
  }

  std::optional<ReceiptEmbedding> embedding;
  if (semantic) {
    auto made = embed(*options.embedding, responses, job);
    if (!made) return tl::unexpected(made.error());
    embedding = std::move(*made);
  }
  append(gathered->problems, std::move(opened->notes));
  auto report = make_report(subject, *gathered, std::move(responses), plugins_of(experts, options), std::move(hooks),
                            options.weights, started, std::move(embedding), options.learned);
  if (!report || !options.hooks.on_consensus) return report;
  std::vector<ReceiptHook> late;
  auto notes = options.hooks.on_consensus(*report, late, job);
  if (!notes) return tl::unexpected(notes.error());
  return with_notes(std::move(*report), std::move(*notes), std::move(late));
}

std::vector<ReceiptPlugin> plugins_of(std::span<const ExpertPtr> experts, const ConsultOptions& options) {
  std::vector<ReceiptPlugin> plugins;
  for (const ExpertPtr& expert : experts) {
    const ExpertInfo& info = expert->info();
    if (!info.sha256.empty()) plugins.push_back({info.name, info.version, info.sha256});
  }
  plugins.insert(plugins.end(), options.hooks.plugins.begin(), options.hooks.plugins.end());
  for (const auto& [name, probe] : options.probes) plugins.push_back(probe.plugin);
  if (options.embedding) plugins.push_back(options.embedding->plugin);
  return plugins;
}

Result<Report> replay(const Report& report) {
  auto consensus = conclude_again(report.responses, report.receipt);
  if (!consensus) return tl::unexpected(consensus.error());
  Report again = report;
  again.consensus = std::move(*consensus);
  return again;
}

}  // namespace conclave
