// history judge, experts, weights, reset-learning: what people say of reports, and what that teaches.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <set>

#include "app/cli/commands.h"
#include "app/cli/logging.h"
#include "app/cli/program.h"
#include "app/cli/terminal.h"
#include "app/cli/weights.h"
#include "engine/case/judging.h"
#include "engine/consensus/reliability/track_record.h"
#include "engine/consensus/reliability/weights.h"

namespace conclave::cli {
namespace {

struct Arguments {
  std::string id;
  Judgement judgement;
  bool undo = false;
};

int judge_report(Program& program, const Arguments& arguments) {
  if (arguments.undo != arguments.judgement.answer.empty()) {
    return program.failed({ErrorKind::invalid_argument, "say right, wrong or the label that was true, or --undo", {}, 0, 0});
  }
  const auto history = store::Store::open(store::default_store_path());
  if (!history) return program.failed(history.error());
  const auto row = arguments.undo ? take_back(**history, arguments.id, arguments.judgement.scope)
                                  : judge(**history, arguments.id, arguments.judgement);
  if (!row) return program.failed(row.error());
  audit(program, {audit_of_judgement(*row, arguments.undo)});
  program.out.write("report " + row->report_id.substr(0, 8) + ": " + (arguments.undo ? "no longer judged " : "judged ") +
                    harmless(judgement_words(*row)) + "\n");
  return exit_passed;
}

std::string whole_percent(double share) { return std::to_string(std::lround(share * 100)) + "%"; }

std::string range(const std::pair<double, double>& interval) {
  return whole_percent(interval.first) + " to " + whole_percent(interval.second);
}

int show_experts(Program& program, bool json) {
  const auto history = store::Store::open(store::default_store_path());
  if (!history) return program.failed(history.error());
  const auto lessons = lessons_of(**history);
  if (!lessons) return program.failed(lessons.error());
  const auto records = consensus::track_records(*lessons);
  if (json) {
    auto all = nlohmann::json::array();
    for (const auto& record : records) all.push_back(consensus::to_json(record));
    program.out.write(json_text(all));
    return exit_passed;
  }
  Table table({"EXPERT", "SCOPE", "RIGHT", "BETWEEN", "JUDGED", "ABSTAINED", "FAILED", "CLAIMS VERIFIED", "VERDICTS"});
  for (const auto& record : records) {
    const std::size_t judged = record.right + record.wrong;
    table.add({{record.expert},
               {record.scope.empty() ? "all" : record.scope},
               {judged == 0 ? "" : whole_percent(record.mean), Colour::none, true},
               {judged == 0 ? "" : range(record.interval)},
               {grouped(judged), Colour::none, true},
               {grouped(record.abstained), Colour::none, true},
               {grouped(record.failed), Colour::none, true},
               {record.claims == 0 ? "" : grouped(record.verified_claims) + " of " + grouped(record.claims), Colour::none, true},
               {listed(record.question)}});
  }
  program.out.write(records.empty() ? "no report has been judged: conclave history judge REPORT right|wrong|LABEL\n"
                                    : table.text(wants_colour(STDOUT_FILENO)));
  return exit_passed;
}

// Of the case, or else the one of which anything was judged.
Result<consensus::VerdictList> question_of(const std::string& case_file, const std::vector<consensus::Lesson>& lessons) {
  if (!case_file.empty()) {
    const auto subject = load_case(case_file);
    if (!subject) return tl::unexpected(subject.error());
    return consensus::VerdictList{subject->question.verdicts, subject->question.ordered};
  }
  std::set<consensus::VerdictList> questions;
  for (const auto& lesson : lessons) questions.insert(lesson.question);
  if (questions.empty()) return fail(ErrorKind::not_found, "no report has been judged, so there is nothing to learn from");
  if (questions.size() == 1) return *questions.begin();
  std::string all;
  for (const auto& question : questions) all += (all.empty() ? "" : "; ") + listed(question);
  return fail(ErrorKind::invalid_argument,
              "reports with several lists of verdicts were judged (" + all + "): name a case to say which one is meant");
}

std::string calibration_words(const consensus::Calibration& calibration) {
  const std::string judged = grouped(calibration.judged) + (calibration.judged == 1 ? " judged verdict" : " judged verdicts");
  switch (calibration.method) {
    case consensus::Calibration::Method::none:
      return "uncalibrated: " + judged + ", and it takes " + std::to_string(consensus::least_for_platt);
    case consensus::Calibration::Method::platt:
      return "calibrated by Platt scaling on " + judged;
    case consensus::Calibration::Method::isotonic:
      return "calibrated by isotonic regression on " + judged;
  }
  return {};
}

std::string dependence_words(const consensus::LearnedDependence& dependence) {
  const std::string judged =
      grouped(dependence.judged) + (dependence.judged == 1 ? " judged report" : " judged reports") + " of several";
  if (dependence.judged < consensus::least_for_dependence)
    return "taken for independent: " + judged + ", and it takes " + std::to_string(consensus::least_for_dependence);
  if (dependence.strength == 0.0) return "independent in " + judged;
  return "fail together in " + judged + ": " + nlohmann::json(dependence.strength).dump() + " of 1";
}

std::string copies_words(const std::vector<std::vector<std::string>>& copies) {
  std::string out;
  for (const auto& family : copies) {
    out += "one vote together: ";
    for (const std::string& expert : family) out += (&expert == &family.front() ? "" : ", ") + harmless(expert);
    out += '\n';
  }
  return out;
}

int show_weights(Program& program, const std::string& case_file, bool json) {
  const auto history = store::Store::open(store::default_store_path());
  if (!history) return program.failed(history.error());
  const auto lessons = lessons_of(**history);
  if (!lessons) return program.failed(lessons.error());
  const auto question = question_of(case_file, *lessons);
  if (!question) return program.failed(question.error());
  const auto learned = consensus::learn(*lessons, *question);
  if (!learned) return program.failed(learned.error());
  if (json) {
    program.out.write(json_text(consensus::to_json(*learned)));
    return exit_passed;
  }
  std::string text = "verdicts: " + harmless(listed(*question)) + "\nconfidence: " + calibration_words(learned->calibration) +
                     "\nscopes: " + dependence_words(learned->dependence) + "\n" + copies_words(learned->copies) + "weights: ";
  if (learned->weights.empty()) {
    text += "all alike: " + grouped(learned->judged) + " judged answers" +
            (learned->judged < consensus::least_for_weights ? ", and it takes " + std::to_string(consensus::least_for_weights)
                                                            : std::string(" in which votes told nothing of the truth")) +
            "\n";
    program.out.write(text);
    return exit_passed;
  }
  Table table({"EXPERT", "WEIGHT"});
  for (const auto& [expert, weight] : learned->weights) {
    const double rounded = std::round(weight * 100) / 100;
    table.add(
        {{expert}, {nlohmann::json(rounded).dump() + (weight <= consensus::silenced ? " (silenced: worse than chance)" : "")}});
  }
  program.out.write(text + "of " + grouped(learned->judged) + " judged answers\n\n" + table.text(wants_colour(STDOUT_FILENO)));
  return exit_passed;
}

int reset_learning(Program& program) {
  const auto history = store::Store::open(store::default_store_path());
  if (!history) return program.failed(history.error());
  const auto forgotten = (*history)->forget_judgements();
  if (!forgotten) return program.failed(forgotten.error());
  audit(program, {audit_of_reset(*forgotten)});
  program.out.write("nothing is learned from " + grouped(*forgotten) + (*forgotten == 1 ? " judgement" : " judgements") +
                    " any longer; they stay in the history, and judging a report again makes it count\n");
  return exit_passed;
}

}  // namespace

void add_judging_commands(CLI::App& history, Program& program) {
  auto* judge =
      history.add_subcommand("judge", "Say whether the verdict of a report was right, so that experts are weighed by it");
  const auto arguments = std::make_shared<Arguments>();
  judge->add_option("REPORT", arguments->id, "Its id, the first characters of it, or last")->required();
  judge->add_option("ANSWER", arguments->judgement.answer, "right, wrong (that verdict was not it), or the verdict that was true")
      ->type_name("right|wrong|LABEL");
  judge->add_option("--scope", arguments->judgement.scope, "Of this scope alone, not of the whole report");
  judge->add_option("--note", arguments->judgement.note, "A word to yourself; goes when the report is purged");
  judge->add_flag("--undo", arguments->undo, "Take the judgement back");
  judge->callback(
      [&program, arguments] { program.chosen = [&program, arguments] { return judge_report(program, *arguments); }; });

  const auto json = std::make_shared<bool>(false);
  auto* experts = history.add_subcommand("experts", "How often each expert was right, of the reports that were judged");
  experts->add_flag("--json", *json, "Print JSON");
  experts->callback([&program, json] { program.chosen = [&program, json] { return show_experts(program, *json); }; });

  auto* weights = history.add_subcommand("weights", "What judged reports taught: weights of experts, calibration of confidence");
  const auto case_file = std::make_shared<std::string>();
  weights->add_option("CASE", *case_file,
                      "For the verdicts of this case; needed only where reports with several lists were judged");
  weights->add_flag("--json", *json, "Print JSON, which `consult --weights` takes");
  weights->callback([&program, case_file, json] {
    program.chosen = [&program, case_file, json] { return show_weights(program, *case_file, *json); };
  });

  auto* reset =
      history.add_subcommand("reset-learning", "Learn nothing from the judgements made so far; they stay in the history");
  reset->callback([&program] { program.chosen = [&program] { return reset_learning(program); }; });
}

}  // namespace conclave::cli
