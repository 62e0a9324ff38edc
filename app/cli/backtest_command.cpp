// backtest: past cases whose outcome is known, judged again.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "app/cli/commands.h"
#include "app/cli/logging.h"
#include "app/cli/program.h"
#include "app/cli/scripts.h"
#include "app/cli/terminal.h"
#include "app/cli/typed_secret.h"
#include "engine/base/ids.h"
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
  unsigned mutants = 0;    // of each kind of fault in each good case
  std::uint64_t seed = 0;  // of their places
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

// What faults in good evidence did.
struct Faults {
  std::vector<JudgedMutant> mutants;
  std::array<std::size_t, all_faults.size()> impossible{};  // by fault: cases that have nothing it could be put into
};

std::string text_of(const Faults& faults, const std::vector<PastCase>& cases) {
  Table table({"FAULT NOTICED BY", "BURST", "GAP", "CLOSED PORT", "CHANGED VALUE"});
  for (const Noticed& noticed : who_noticed(cases, faults.mutants)) {
    std::vector<Table::Cell> row{{noticed.expert.empty() ? "the circle, which does not pass" : noticed.expert}};
    for (const Rate& rate : noticed.rates) row.push_back({rate.of == 0 ? "-" : percent_of(rate)});
    table.add(std::move(row));
  }
  std::string text = "\n" + table.text(wants_colour(STDOUT_FILENO));
  for (const Fault fault : all_faults) {
    if (const std::size_t count = faults.impossible.at(static_cast<std::size_t>(fault)); count > 0) {
      text += std::to_string(count) + (count == 1 ? " good case has" : " good cases have") + " no place for the fault " +
              std::string(fault_name(fault)) + "\n";
    }
  }
  return text;
}

nlohmann::json json_of(const Faults& faults, const std::vector<PastCase>& cases) {
  auto experts = nlohmann::json::array();
  for (const Noticed& noticed : who_noticed(cases, faults.mutants)) experts.push_back(to_json(noticed));
  auto mutants = nlohmann::json::array();
  for (const JudgedMutant& mutant : faults.mutants) {
    const auto& verdict = mutant.report.consensus.verdict;
    mutants.push_back({{"case", cases[mutant.past].file},
                       {"fault", fault_name(mutant.fault)},
                       {"what", mutant.what},
                       {"verdict", verdict ? nlohmann::json(*verdict) : nlohmann::json(nullptr)},
                       {"passed", mutant.report.consensus.passed}});
  }
  auto impossible = nlohmann::json::object();
  for (const Fault fault : all_faults) impossible[fault_name(fault)] = faults.impossible.at(static_cast<std::size_t>(fault));
  return {{"experts", std::move(experts)}, {"mutants", std::move(mutants)}, {"impossible", std::move(impossible)}};
}

// For the changed logs, which hold what the logs hold: a folder that nobody else can read.
class PrivateFolder {
 public:
  PrivateFolder() = default;
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  ~PrivateFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }

  Result<fs::path> made() {
    std::error_code error;
    std::string name = (fs::temp_directory_path(error) / "conclave-backtest-XXXXXX").string();
    if (error || ::mkdtemp(name.data()) == nullptr) return fail_io("cannot make a folder", name, errno);
    path_ = name;
    return path_;
  }

 private:
  fs::path path_;
};

// Consults cases one after the other, with the interpreter running.
class Bench {
 public:
  Bench(Program& program, const Arguments& arguments, const std::vector<Labelled>& cases, scripting::ScriptHost& host)
      : program_(program), arguments_(arguments), cases_(cases), host_(host), running_(program, "backtest") {}

  [[nodiscard]] bool interrupted() const { return running_.interrupted(); }

  Result<std::vector<PastCase>> judge_cases() {
    std::vector<PastCase> judged;
    for (const Labelled& labelled : cases_) {
      auto circle = prepared(labelled.subject);
      if (!circle) return tl::unexpected(circle.error());
      circle->options.on_gathered = [&](const Gathered& gathered) { evidence_.push_back(gathered.evidence); };
      auto report = consulted(labelled.subject, *circle);
      if (!report) return tl::unexpected(report.error());
      judged.push_back({labelled.file, labelled.truth, std::move(*report)});
    }
    return judged;
  }

  Result<Faults> judge_faults(const std::vector<PastCase>& judged) {
    Faults faults;
    for (std::size_t past = 0; past < judged.size(); ++past) {
      for (const Fault fault : all_faults) {
        for (unsigned number = 0; should_pass(judged[past]) && number < arguments_.mutants; ++number) {
          auto mutant = judge_fault(past, judged[past].file, fault, number);
          if (!mutant) return tl::unexpected(mutant.error());
          if (!*mutant) {
            ++faults.impossible.at(static_cast<std::size_t>(fault));
            break;
          }
          faults.mutants.push_back(std::move(**mutant));
        }
      }
    }
    return faults;
  }

 private:
  struct Prepared {
    std::vector<ExpertPtr> experts;
    ConsultOptions options;
  };

  Result<Prepared> prepared(const Case& subject) {
    const scripting::CircleRequest request{
        arguments_.experts, {arguments_.plugins.begin(), arguments_.plugins.end()}, {}, arguments_.trusted, keys_.ring()};
    auto circle = host_.circle(subject, request);
    if (!circle) return tl::unexpected(circle.error());
    ConsultOptions options;
    options.hooks = host_.hooks(subject, request);
    options.refused = circle->refused;
    options.problems = circle->problems;
    options.embedding = circle->embedding;
    options.probes = circle->probes;
    options.commands.all_from_snapshots = true;
    return Prepared{std::move(circle->experts), std::move(options)};
  }

  Result<Report> consulted(const Case& subject, const Prepared& circle) {
    audit(program_, audit_of_consultation(subject, circle.experts, circle.options));
    return consult(subject, circle.experts, circle.options, running_.job());
  }

  Result<std::optional<JudgedMutant>> judge_fault(std::size_t past, const std::string& file, Fault fault, unsigned number) {
    const Case& subject = cases_[past].subject;
    auto circle = prepared(subject);
    if (!circle) return tl::unexpected(circle.error());
    PrivateFolder folder;
    const auto place = folder.made();
    if (!place) return tl::unexpected(place.error());
    const std::string name = fs::path(file).filename().string() + '\n' + std::to_string(number);
    const auto mutant = mutate(subject, circle->options.hooks, *evidence_[past], fault, stable_hash(name, arguments_.seed),
                               *place, running_.job());
    if (!mutant) return tl::unexpected(mutant.error());
    if (!*mutant) return std::nullopt;
    circle->options.hooks = (*mutant)->hooks;
    auto report = consulted((*mutant)->subject, *circle);
    if (!report) return tl::unexpected(report.error());
    return JudgedMutant{past, fault, (*mutant)->what, std::move(*report)};
  }

  Program& program_;
  const Arguments& arguments_;
  const std::vector<Labelled>& cases_;
  scripting::ScriptHost& host_;
  RunKeys keys_;
  Running running_;
  std::vector<EvidencePtr> evidence_;  // by case, as it was found
};

// With the interpreter running; the exit code.
int judge_again(Program& program, const Arguments& arguments, const std::vector<Labelled>& cases, scripting::ScriptHost& host) {
  std::optional<Bench> bench(std::in_place, program, arguments, cases, host);
  const auto judged = bench->judge_cases();
  if (bench->interrupted()) return exit_interrupted;
  if (!judged) return program.failed(judged.error());
  const auto faults = bench->judge_faults(*judged);
  if (bench->interrupted()) return exit_interrupted;
  if (!faults) return program.failed(faults.error());
  bench.reset();
  const auto result = backtest(*judged);
  if (!result) return program.failed(result.error());
  const bool mutated = arguments.mutants > 0;
  if (arguments.json) {
    auto json = to_json(*result);
    json["judged"] = nlohmann::json::array();
    for (const PastCase& past : *judged) {
      json["judged"].push_back(
          {{"case", past.file},
           {"truth", past.truth},
           {"verdict", past.report.consensus.verdict ? nlohmann::json(*past.report.consensus.verdict) : nlohmann::json(nullptr)},
           {"passed", past.report.consensus.passed},
           {"confidence_score", past.report.consensus.confidence_score}});
    }
    json["faults"] = mutated ? json_of(*faults, *judged) : nlohmann::json(nullptr);
    program.out.write(json_text(json));
  } else {
    program.out.write(text_of(*result) + (mutated ? text_of(*faults, *judged) : std::string()));
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
  auto* mutate =
      command->add_option("--mutate", arguments->mutants,
                          "Also put so many faults of each kind (burst of errors, gap, closed port, changed value) into "
                          "the evidence of cases whose truth passes, and say which experts notice");
  mutate->type_name("N")->check(CLI::Range(1U, 1000U));
  command->add_option("--seed", arguments->seed, "Where these faults are put (default 0): the same seed, the same faults")
      ->type_name("N")
      ->needs(mutate);
  command->add_flag("--json", arguments->json, "Print JSON");
  command->callback(
      [&program, arguments] { program.chosen = [&program, arguments] { return run_backtest(program, *arguments); }; });
}

}  // namespace conclave::cli
