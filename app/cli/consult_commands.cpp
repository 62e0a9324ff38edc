// consult, here: the main job from the command line.
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "app/cli/commands.h"
#include "app/cli/logging.h"
#include "app/cli/problems.h"
#include "app/cli/program.h"
#include "app/cli/report_output.h"
#include "app/cli/scripts.h"
#include "app/cli/typed_secret.h"
#include "app/cli/weights.h"
#include "engine/base/text.h"
#include "engine/case/audit.h"
#include "engine/case/consult.h"
#include "engine/case/judging.h"
#include "engine/case/past.h"
#include "scripting/failures.h"

namespace conclave::cli {
namespace {

struct Arguments {
  std::string case_file;  // empty: this machine
  ReportOutput output;
  std::vector<std::string> experts;
  std::vector<std::string> plugins;
  std::vector<std::string> endpoints;
  std::vector<std::string> commands;
  bool from_snapshots = false;
  std::vector<std::string> trusted;
  std::string weights;
  std::string failures;  // where to save what failed experts were given; empty: nowhere
  bool keep_going = false;
  bool no_history = false;
};

Result<Case> read_subject(Program& program, const Arguments& arguments) {
  if (arguments.case_file.empty()) {
    Job job("looking at this machine");
    return case_of_this_machine(job);
  }
  auto file = read_case_file(arguments.case_file);
  if (!file) return tl::unexpected(file.error());
  for (const config::Problem& problem : file->problems) program.complain(config::to_text(problem));
  if (!file->usable()) return fail(ErrorKind::parse, "the case cannot be used", arguments.case_file);
  file->value.keep_going = file->value.keep_going || arguments.keep_going;
  return std::move(file->value);
}

void say_unknown_weights(Program& program, const PinnedWeights& weights, const scripting::Circle& circle) {
  std::vector<std::string_view> names;
  for (const ExpertPtr& expert : circle.experts) names.push_back(expert->info().name);
  for (const std::string& name : weights.experts()) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      program.remark("conclave: the weight of '" + name + "' is for no expert of this circle" + did_you_mean(name, names));
    }
  }
}

// Lines that the user agrees to and the case does not have: written otherwise, perhaps.
void say_unknown_commands(Program& program, const Arguments& arguments, const Case& subject) {
  std::vector<std::string_view> lines;
  for (const LogCommand& command : subject.commands) lines.push_back(command.line);
  for (const std::string& line : arguments.commands) {
    if (std::find(lines.begin(), lines.end(), line) == lines.end())
      program.remark("conclave: no log of this case is the command '" + line + "'" + did_you_mean(line, lines));
  }
}

// What could not be read is said first, before experts are asked.
void say_problems(Program& program, const Gathered& gathered) {
  constexpr std::size_t most = 10;
  for (std::size_t i = 0; i < std::min(most, gathered.problems.size()); ++i) {
    program.remark("conclave: " + config::to_text(gathered.problems[i]));
  }
  if (gathered.problems.size() > most) {
    program.remark("conclave: and " + std::to_string(gathered.problems.size() - most) + " more problems");
  }
}

std::unique_ptr<store::Store> open_history(Program& program, const Arguments& arguments) {
  if (arguments.no_history) return nullptr;
  auto history = store::Store::open(store::default_store_path());
  if (history) return std::move(*history);
  program.remark("conclave: going on without history: " + history.error().text());
  return nullptr;
}

bool save_failed(Program& program, const std::string& folder, const scripting::Circle& circle, const EvidencePtr& evidence,
                 const Report& report) {
  const auto saved = scripting::save_failures(folder, circle.chosen, evidence, report);
  if (!saved) {
    (void)program.failed(saved.error());
    return false;
  }
  for (const auto& place : *saved) program.remark("conclave: saved what failed; conclave plugins test " + place.string());
  return true;
}

// With the interpreter running; the exit code.
int consult_with(Program& program, const Arguments& arguments, const Case& subject, PinnedWeights pinned,
                 scripting::ScriptHost& host) {
  RunKeys keys;
  const scripting::CircleRequest request{arguments.experts,
                                         {arguments.plugins.begin(), arguments.plugins.end()},
                                         arguments.endpoints,
                                         arguments.trusted,
                                         keys.ring()};
  const auto circle = host.circle(subject, request);
  if (!circle) return program.failed(circle.error());
  if (const auto opened = keys.open(circle->secrets); !opened) return program.failed(opened.error());
  say_unknown_weights(program, pinned, *circle);

  const auto history = open_history(program, arguments);
  ConsultOptions options;
  options.hooks = host.hooks(subject, request);
  if (history) {
    auto previous = last_report_json(*history, subject);
    if (!previous) program.remark("conclave: no earlier report: " + previous.error().text());
    if (previous) options.previous = std::move(*previous);
    auto past = past_of_services(*history, subject);
    if (!past) program.remark("conclave: no earlier scans: " + past.error().text());
    if (past) options.services_past = std::move(*past);
  }
  options.weights = std::move(pinned.weights);
  options.learned = std::move(pinned.learned);
  if (history && arguments.weights.empty()) {
    auto learned = learned_from(*history, subject.question);
    if (!learned) program.remark("conclave: going on without what was learned: " + learned.error().text());
    if (learned) options.learned = std::move(*learned);
  }
  options.refused = circle->refused;
  options.problems = circle->problems;
  options.embedding = circle->embedding;
  options.probes = circle->probes;
  options.commands.allowed = arguments.commands;
  options.commands.all_from_snapshots = arguments.from_snapshots;
  options.commands.secrets = circle->secrets;
  options.commands.on_run = [&program](const CommandRun& run) { audit(program, {audit_of_command(run)}); };
  audit(program, audit_of_consultation(subject, circle->experts, options));
  EvidencePtr evidence;
  options.on_gathered = [&](const Gathered& gathered) {
    evidence = gathered.evidence;
    if (subject.whole_machine) say_problems(program, gathered);
  };
  options.on_response = [](const consensus::ExpertResponse& response) {
    spdlog::info("expert {} {} in {:.2f} s", response.expert_name, consensus::status_name(response.status), response.seconds);
  };

  spdlog::info("consult {} with {} experts", subject.name, circle->experts.size());
  std::optional<Running> running(std::in_place, program, "consult");
  const auto report = consult(subject, circle->experts, options, running->job());
  const bool interrupted = running->interrupted();
  running.reset();
  if (interrupted) return exit_interrupted;
  if (!report) return program.failed(report.error());
  spdlog::info("report {}: {}", report->id, report->consensus.verdict.value_or("no consensus"));

  if (history) {
    const auto kept = keep_report(*history, subject, *report);
    if (!kept) program.remark("conclave: the report is not in the history: " + kept.error().text());
  }
  const int code = arguments.output.write(program, *report);
  if (!arguments.failures.empty() && !save_failed(program, arguments.failures, *circle, evidence, *report)) return exit_usage;
  return code;
}

int run_consultation(Program& program, Arguments& arguments) {
  if (const auto settled = arguments.output.settle(); !settled) return program.failed(settled.error());
  const auto subject = read_subject(program, arguments);
  if (!subject) return program.failed(subject.error());
  Result<PinnedWeights> pinned;
  if (!arguments.weights.empty()) pinned = read_weights(arguments.weights, *subject);
  if (!pinned) return program.failed(pinned.error());
  for (const std::string& endpoint : arguments.endpoints) audit(program, {audit_of_endpoint(endpoint, true, "for this run")});
  for (const std::string& line : arguments.commands) audit(program, {audit_of_command_consent(line, true, "for this run")});
  say_unknown_commands(program, arguments, *subject);

  program.out.keep_to_itself();  // standard output is the report and nothing else
  const auto host = start_scripts(remarks_of_experts(program));
  if (!host) return program.failed(host.error());
  leave(**host, program.finish(consult_with(program, arguments, *subject, std::move(*pinned), **host)));
}

void add_options(CLI::App& command, Arguments& arguments) {
  arguments.output.add_options(command);
  command.add_option("--expert", arguments.experts, "Only these experts: names of plugins or .py files (may be given again)")
      ->type_name("NAME|FILE.py")
      ->allow_extra_args(false);
  command
      .add_option("--plugins", arguments.plugins,
                  "Another folder with plugins; naming it is consent to run them, each in a "
                  "process of its own that may do only what its manifest says")
      ->type_name("DIR")
      ->allow_extra_args(false);
  command
      .add_option("--trust", arguments.trusted,
                  "Run this plugin, inside the program and with all its rights unless its manifest asks for isolation: a crash "
                  "of it is a crash of the program (may be given again)")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command
      .add_option(
          "--weights", arguments.weights,
          "A map from experts to weights, YAML or JSON, or what `history weights --json` wrote; nothing is then learned from "
          "this machine's history")
      ->type_name("FILE");
  command
      .add_option(
          "--allow-endpoint", arguments.endpoints,
          "Consent for this run that the expert language_model sends a condensed and redacted text of the evidence to this "
          "address; the exact text is kept in the report. Without it nothing is sent anywhere")
      ->type_name("URL")
      ->check([](const std::string& url) {
        const std::size_t host = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : url.size();
        return std::string(host < url.size() && url[host] != '/' ? "" : "must be an address such as https://api.example.com");
      })
      ->allow_extra_args(false);
  command
      .add_option(
          "--save-failures", arguments.failures,
          "For each expert that fails, save in a folder in DIR what it was given and a test that asks it again; the evidence "
          "may hold what your logs hold")
      ->type_name("DIR");
  command.add_flag("--keep-going", arguments.keep_going, "Go on when named evidence cannot be read; coverage drops");
  command.add_flag("--no-history", arguments.no_history,
                   "Neither look at earlier reports, nor learn from them, nor keep this one");
}

}  // namespace

void add_consult_commands(CLI::App& app, Program& program) {
  auto* consult = app.add_subcommand("consult", "Judge a case: gather evidence, ask the experts, conclude");
  const auto named = std::make_shared<Arguments>();
  consult->add_option("CASE", named->case_file, "The case file (YAML)")->required();
  consult
      ->add_option(
          "--allow-command", named->commands,
          "Consent for this run that a log of the case is what this command prints, the very line that the case has (may "
          "be given again); `conclave case commands` remembers it. Without it nothing is run")
      ->type_name("LINE")
      ->allow_extra_args(false);
  consult->add_flag("--from-snapshots", named->from_snapshots,
                    "Run no command: judge what each printed the last time, which is kept for 30 days");
  add_options(*consult, *named);
  consult->callback([&program, named] { program.chosen = [&program, named] { return run_consultation(program, *named); }; });

  auto* here = app.add_subcommand("here", "Judge this machine: its logs and listening sockets, without a case file");
  const auto machine = std::make_shared<Arguments>();
  add_options(*here, *machine);
  here->callback([&program, machine] { program.chosen = [&program, machine] { return run_consultation(program, *machine); }; });
}

}  // namespace conclave::cli
