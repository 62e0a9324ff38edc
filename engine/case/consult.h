// The main job: gather evidence, ask the circle, conclude. Start reading here.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/case/case.h"
#include "engine/case/evidence.h"
#include "engine/case/expert.h"
#include "engine/case/log_commands.h"
#include "engine/case/probes.h"
#include "engine/case/report.h"
#include "engine/case/service_past.h"
#include "engine/config/infrastructure.h"

namespace conclave {

// What gather() brings back: the evidence, and what the report and its receipt say of it.
struct Gathered {
  EvidencePtr evidence;
  std::vector<config::Problem> problems;  // what could not be read or is wrong, in the order found
  std::vector<ReceiptInput> inputs;
  double coverage = 1;      // share of the named evidence that could be read, in [0, 1]
  bool unreadable = false;  // something the case names could not be read
};

// The configuration the case names, or nothing if it names none.
[[nodiscard]] Result<std::optional<config::ConfigFile>> load_config(const Case& subject);

// Reads logs, scans services, takes `config` as loaded (and perhaps changed by a hook). Named logs or configuration that cannot
// be read are an error (exit 2), as is a command that fails and prints nothing; what a glob found, and a command that may not
// run, a problem.
[[nodiscard]] Result<Gathered> gather(const Case& subject, const std::optional<config::ConfigFile>& config, Job& job,
                                      const CommandOptions& commands = {});

// Functions of the host, called between the steps from the thread that runs consult(). Each may be empty; a stop of the job
// ends them.
struct Hooks {
  std::vector<ReceiptPlugin> plugins;  // whose functions these are
  // Before anything else; notes.
  std::function<Result<std::vector<config::Problem>>(const Case&, std::vector<ReceiptHook>&, Job&)> on_case_opened;
  std::function<Result<config::ConfigFile>(config::ConfigFile, std::vector<ReceiptHook>&, Job&)> on_config_loaded;
  // Rules of users: the same configuration with what they find among its problems, as is what they cost that fail.
  std::function<Result<config::ConfigFile>(config::ConfigFile, std::vector<ReceiptHook>&, Job&)> check_config;
  std::function<Result<EvidencePtr>(EvidencePtr, std::vector<ReceiptHook>&, Job&)> on_scan_result;  // before on_evidence
  std::function<Result<EvidencePtr>(EvidencePtr, std::vector<ReceiptHook>&, Job&)> on_evidence;
  // Once all have answered, refused experts among them.
  std::function<Result<std::vector<consensus::ExpertResponse>>(std::vector<consensus::ExpertResponse>, std::vector<ReceiptHook>&,
                                                               Job&)>
      on_response;
  std::function<Result<std::vector<config::Problem>>(const Report&, std::vector<ReceiptHook>&, Job&)> on_consensus;  // notes
};

// A function of the host that makes vectors of texts: one list of numbers for each, not trusted. Called as hooks are.
struct Embedding {
  ReceiptPlugin plugin;
  std::function<Result<nlohmann::json>(const std::vector<std::string>& texts, Job&)> embed;
};

// What on_case_opened of hooks said.
struct OpenedCase {
  std::vector<config::Problem> notes;
  std::vector<ReceiptHook> hooks;
};
// Calls them; each that failed is in the receipt.
[[nodiscard]] Result<OpenedCase> open_case(const Case& subject, const Hooks& hooks, Job& job);

struct ConsultOptions {
  Hooks hooks;
  std::optional<OpenedCase> opened;                // the case was opened before: on_case_opened is not called again
  std::optional<Embedding> embedding;              // for cases whose texts are compared by one, and used by no other
  Probes probes;                                   // those that services of the case name
  CommandOptions commands;                         // which logs of the case may be what a command prints
  std::map<std::string, double> weights;           // by expert name; over those of the case
  consensus::Learned learned;                      // of questions like this one; its weights multiply those of the case
  std::vector<consensus::ExpertResponse> refused;  // plugins that were not allowed to run, already recorded as such
  std::vector<config::Problem> problems;           // of the circle itself, for the report
  ServicesPast services_past;                      // as past_of_services() says; empty: no scan is remembered
  std::optional<std::string> previous;             // the report before as JSON; hooks and experts see it as evidence.previous
  OnResponse on_response;
  std::function<void(const Gathered&)> on_gathered;  // the window shows evidence while experts still think
};

// Verifies claims, validates responses (an invalid one becomes `failed`), concludes and writes the report. What consult() does
// after asking; Python calls it after having asked by itself.
[[nodiscard]] Result<Report> make_report(const Case& subject, const Gathered& gathered,
                                         std::vector<consensus::ExpertResponse> responses, std::vector<ReceiptPlugin> plugins,
                                         std::vector<ReceiptHook> hooks, const std::map<std::string, double>& weights,
                                         TimeUs started, std::optional<ReceiptEmbedding> embedding = {},
                                         consensus::Learned learned = {});

// What an embedding says of responses, or why it says nothing: answers are never lost with it.
[[nodiscard]] ReceiptEmbedding compared_by(const ReceiptPlugin& plugin, std::span<const consensus::ExpertResponse> responses,
                                           const Result<nlohmann::json>& vectors);

// A warning for each hook that failed: it changed nothing, which whoever relies on it has to learn.
[[nodiscard]] std::vector<config::Problem> failures_of(const std::vector<ReceiptHook>& hooks);

// A report with what on_consensus hooks said of it. The verdict is the circle's: no hook changes it.
[[nodiscard]] Report with_notes(Report report, std::vector<config::Problem> notes, std::vector<ReceiptHook> hooks);

[[nodiscard]] Result<Report> consult(const Case& subject, std::span<const ExpertPtr> experts, const ConsultOptions& options,
                                     Job& job);

// The plugins that consult() would run, for receipt and audit log; experts that are no plugins are left out.
[[nodiscard]] std::vector<ReceiptPlugin> plugins_of(std::span<const ExpertPtr> experts, const ConsultOptions& options);

// Resolves every citation against the evidence (and the log files it names): sets verified and excerpt.
void verify_claims(std::span<consensus::ExpertResponse> responses, const Evidence& evidence);

}  // namespace conclave
