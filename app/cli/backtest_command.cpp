// backtest: past cases whose outcome is known, judged again.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>

#include "app/cli/commands.h"
#include "app/cli/logging.h"
#include "app/cli/program.h"
#include "app/cli/scripts.h"
#include "app/cli/terminal.h"
#include "app/cli/typed_secret.h"
#include "engine/case/audit.h"
#include "engine/case/backtest.h"
#include "engine/case/consult.h"
#include "engine/config/tree.h"

namespace conclave::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string folder;
  std::vector<std::string> experts;
  std::vector<std::string> plugins;
  std::vector<std::string> trusted;
  bool json = false;
};

struct Labelled {
  std::string file;
  std::string truth;
  Case subject;
};

// Case files in the folder and below that say what was true, by path. What is no case is something a case needs.
Result<std::vector<Labelled>> labelled_cases(Program& program, const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string suffix = entry->path().extension().string();
    if ((suffix == ".yaml" || suffix == ".yml") && entry->is_regular_file(error)) files.push_back(entry->path());
  }
  if (error) return fail_io("cannot read the folder of cases", folder.string(), error.value());
  std::sort(files.begin(), files.end());
  std::vector<Labelled> cases;
  for (const fs::path& file : files) {
    const auto tree = config::read_yaml_file(file);
    if (!tree || tree->find("question") == nullptr) continue;
    const config::Node* const truth = tree->find("truth");
    if (truth == nullptr) {
      program.remark("conclave: " + file.string() + ": a case without truth: left out");
      continue;
    }
    auto subject = load_case(file);
    if (!subject) return tl::unexpected(subject.error());
    cases.push_back({file.string(), truth->scalar, std::move(*subject)});
  }
  if (cases.empty()) return fail(ErrorKind::not_found, "no case file here says what was true (truth: healthy)", folder.string());
  return cases;
}

std::string percent_of(const Rate& rate) {
  if (rate.of == 0) return "no such case";
  const auto [low, high] = rate.interval();
  std::array<char, 80> text{};
  (void)std::snprintf(text.data(), text.size(), "%zu of %zu (%.0f %% to %.0f %%)", rate.count, rate.of, 100 * low, 100 * high);
  return text.data();
}

std::string difference(std::size_t without, std::size_t with) {
  if (without == with) return "the same";
  return without > with ? "+" + std::to_string(without - with) : "-" + std::to_string(with - without);
}

std::string text_of(const Backtest& backtest) {
  const Scores& scores = backtest.scores;
  std::string text = std::to_string(scores.cases) + (scores.cases == 1 ? " case\n" : " cases\n") + "right       " +
                     percent_of(scores.right) + "\nfalse go    " + percent_of(scores.false_go) + "\nfalse stop  " +
                     percent_of(scores.false_stop) + "\nundecided   " + percent_of(scores.undecided) + "\n";
  if (backtest.brier) {
    std::array<char, 120> line{};
    (void)std::snprintf(line.data(), line.size(), "confidence  %.0f %% on average, and %.0f %% held; Brier score %.3f\n",
                        100 * *backtest.said, 100 * *backtest.held, *backtest.brier);
    text += line.data();
  }
  Table table({"WITHOUT", "RIGHT", "FALSE GO", "FALSE STOP", "UNDECIDED", "ANSWERED"});
  for (const LeftOut& expert : backtest.experts) {
    const Scores& rest = expert.scores;
    table.add({{expert.expert},
               {difference(rest.right.count, scores.right.count)},
               {difference(rest.false_go.count, scores.false_go.count)},
               {difference(rest.false_stop.count, scores.false_stop.count)},
               {difference(rest.undecided.count, scores.undecided.count)},
               {std::to_string(expert.answered), Colour::none, true}});
  }
  return text + "\n" + table.text(wants_colour(STDOUT_FILENO));
}

// With the interpreter running; the exit code.
int judge_again(Program& program, const Arguments& arguments, const std::vector<Labelled>& cases, scripting::ScriptHost& host) {
  RunKeys keys;
  const scripting::CircleRequest request{
      arguments.experts, {arguments.plugins.begin(), arguments.plugins.end()}, {}, arguments.trusted, keys.ring()};
  std::vector<PastCase> judged;
  std::optional<Running> running(std::in_place, program, "backtest");
  for (const Labelled& labelled : cases) {
    const auto circle = host.circle(labelled.subject, request);
    if (!circle) return program.failed(circle.error());
    ConsultOptions options;
    options.hooks = host.hooks(labelled.subject, request);
    options.refused = circle->refused;
    options.problems = circle->problems;
    options.embedding = circle->embedding;
    options.probes = circle->probes;
    options.commands.all_from_snapshots = true;
    audit(program, audit_of_consultation(labelled.subject, circle->experts, options));
    auto report = consult(labelled.subject, circle->experts, options, running->job());
    if (running->interrupted()) return exit_interrupted;
    if (!report) return program.failed(report.error());
    judged.push_back({labelled.file, labelled.truth, std::move(*report)});
  }
  running.reset();
  const auto result = backtest(judged);
  if (!result) return program.failed(result.error());
  if (arguments.json) {
    auto json = to_json(*result);
    json["judged"] = nlohmann::json::array();
    for (const PastCase& past : judged) {
      json["judged"].push_back(
          {{"case", past.file},
           {"truth", past.truth},
           {"verdict", past.report.consensus.verdict ? nlohmann::json(*past.report.consensus.verdict) : nlohmann::json(nullptr)},
           {"passed", past.report.consensus.passed},
           {"confidence_score", past.report.consensus.confidence_score}});
    }
    program.out.write(json_text(json));
  } else {
    program.out.write(text_of(*result));
  }
  return result->scores.right.count == result->scores.cases ? exit_passed : exit_findings;
}

int run_backtest(Program& program, const Arguments& arguments) {
  const auto cases = labelled_cases(program, arguments.folder);
  if (!cases) return program.failed(cases.error());
  program.out.keep_to_itself();  // standard output is the result and nothing else
  const auto host = start_scripts(remarks_of_experts(program));
  if (!host) return program.failed(host.error());
  leave(**host, program.finish(judge_again(program, arguments, *cases, **host)));
}

}  // namespace

void add_backtest_command(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "backtest", "Judge past cases whose outcome is known, and say how often the circle errs and what each expert adds");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("DIR", arguments->folder, "A folder of case files that say what was true (truth: failing)")->required();
  command->add_option("--expert", arguments->experts, "Only these experts: names of plugins or .py files (may be given again)")
      ->type_name("NAME|FILE.py")
      ->allow_extra_args(false);
  command->add_option("--plugins", arguments->plugins, "Another folder with plugins; naming it is consent to run them")
      ->type_name("DIR")
      ->allow_extra_args(false);
  command->add_option("--trust", arguments->trusted, "Run this plugin inside the program, with all its rights")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_flag("--json", arguments->json, "Print JSON");
  command->callback(
      [&program, arguments] { program.chosen = [&program, arguments] { return run_backtest(program, *arguments); }; });
}

}  // namespace conclave::cli
