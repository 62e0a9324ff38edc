// consensus.
//
// One command for the two things that can be asked of experts: what a circle's responses come to, as a report, and what a table
// of labels says of each item. A file says by its form which it is.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <optional>

#include "app/cli/commands.h"
#include "app/cli/program.h"
#include "app/cli/terminal.h"
#include "engine/base/ids.h"
#include "engine/base/text_file.h"
#include "engine/case/render.h"
#include "engine/consensus/aggregation/aggregate.h"
#include "engine/consensus/aggregation/agreement_alpha.h"
#include "engine/consensus/aggregation/label_file.h"
#include "engine/consensus/aggregation/opinion_pool.h"

namespace conclave::cli {
namespace {

constexpr std::size_t largest_file = 256U << 20U;  // bytes
constexpr std::string_view linear_pool = "linear_pool";
constexpr std::string_view log_pool = "log_pool";

struct Arguments {
  std::string path;
  std::string feedback;
  std::string method;  // empty: the default for what the file holds
  std::vector<std::string> verdicts;
  bool unordered = false;
  std::uint64_t seed = 0;
  bool json = false;
  std::size_t limit = 40;
};

struct Found {
  std::string method;
  consensus::Verdicts verdicts;
  consensus::Alpha agreement;
};

Error misplaced(std::string message) { return fail(ErrorKind::invalid_argument, std::move(message)).value(); }

bool is_json(const std::string& path) { return path.ends_with(".json"); }

Result<nlohmann::json> parse_json(const std::string& text, const std::string& path) {
  auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return fail(ErrorKind::serialization, "this is not JSON", path);
  return json;
}

Result<consensus::Truths> read_truths(const std::string& path) {
  if (path.empty()) return consensus::Truths{};
  const auto text = read_text_file(path, largest_file);
  if (!text) return tl::unexpected(text.error());
  if (!is_json(path)) return consensus::truths_from_csv(*text, path);
  const auto json = parse_json(*text, path);
  if (!json) return tl::unexpected(json.error());
  return consensus::truths_from_json(*json, path);
}

nlohmann::json number(double value) { return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr); }

// Of two and more experts who were heard as one.
std::vector<std::vector<std::string>> families_of(const consensus::NamedLabels& labels, const Found& found) {
  std::vector<std::vector<std::string>> all(labels.experts.size());
  for (std::size_t e = 0; e < found.verdicts.families.size(); ++e) all[found.verdicts.families[e]].push_back(labels.experts[e]);
  std::erase_if(all, [](const auto& family) { return family.size() < 2; });
  return all;
}

nlohmann::json as_json(const consensus::NamedLabels& labels, const Found& found) {
  auto items = nlohmann::json::array();
  for (std::size_t i = 0; i < labels.items.size(); ++i) {
    auto probabilities = nlohmann::json::object();
    const auto row = found.verdicts.probabilities.row(i);
    for (std::size_t c = 0; c < row.size(); ++c) probabilities[labels.classes[c]] = row[c];
    const std::int32_t chosen = found.verdicts.labels[i];
    items.push_back(
        {{"item", labels.items[i]},
         {"verdict", chosen < 0 ? nlohmann::json(nullptr) : nlohmann::json(labels.classes[static_cast<std::size_t>(chosen)])},
         {"labels", labels.table.of_item(i).size()},
         {"probabilities", std::move(probabilities)}});
  }
  auto experts = nlohmann::json::array();
  for (std::size_t e = 0; e < labels.experts.size(); ++e) {
    experts.push_back({{"expert", labels.experts[e]},
                       {"labels", labels.table.of_expert(e).size()},
                       {"reliability", found.verdicts.reliability[e]}});
  }
  return {
      {"method", found.method},
      {"classes", labels.classes},
      {"items", std::move(items)},
      {"experts", std::move(experts)},
      {"families", families_of(labels, found)},
      {"agreement",
       {{"alpha", number(found.agreement.value)}, {"low", number(found.agreement.low)}, {"high", number(found.agreement.high)}}}};
}

std::string decimals(double value) {
  std::array<char, 32> text{};
  (void)std::snprintf(text.data(), text.size(), "%.3f", value);
  return text.data();
}

std::string remainder(std::size_t shown, std::size_t all) {
  return shown == all ? "" : "(" + grouped(all - shown) + " more; --limit 0 shows all)\n";
}

std::string as_text(const Arguments& arguments, const consensus::NamedLabels& labels, const Found& found, bool colour) {
  const auto shown = [&](std::size_t size) { return arguments.limit == 0 ? size : std::min(arguments.limit, size); };
  std::string text = grouped(labels.table.marks()) + " labels of " + grouped(labels.items.size()) + " items by " +
                     grouped(labels.experts.size()) + " experts";
  if (std::isfinite(found.agreement.value)) {
    text += "; agreement (Krippendorff's alpha) " + decimals(found.agreement.value) + ", from " + decimals(found.agreement.low) +
            " to " + decimals(found.agreement.high);
  }
  Table items({"ITEM", "VERDICT", "PROBABILITY", "LABELS"});
  for (std::size_t i = 0; i < shown(labels.items.size()); ++i) {
    const std::int32_t chosen = found.verdicts.labels[i];
    const auto row = found.verdicts.probabilities.row(i);
    items.add({{labels.items[i]},
               chosen < 0 ? Table::Cell{"(tie)", Colour::yellow} : Table::Cell{labels.classes[static_cast<std::size_t>(chosen)]},
               {decimals(*std::max_element(row.begin(), row.end())), Colour::none, true},
               {grouped(labels.table.of_item(i).size()), Colour::none, true}});
  }
  text += "\n" + items.text(colour) + remainder(shown(labels.items.size()), labels.items.size());
  Table experts({"EXPERT", "RELIABILITY", "LABELS"});
  for (std::size_t e = 0; e < shown(labels.experts.size()); ++e) {
    experts.add({{labels.experts[e]},
                 {decimals(found.verdicts.reliability[e]), Colour::none, true},
                 {grouped(labels.table.of_expert(e).size()), Colour::none, true}});
  }
  for (const auto& family : families_of(labels, found)) {
    text += "\nheard as one, for they repeat each other:";
    for (const std::string& name : family) {
      text += ' ';
      text += harmless(name);
    }
    text += "\n";
  }
  return text + "\n" + experts.text(colour) + remainder(shown(labels.experts.size()), labels.experts.size());
}

Result<Found> aggregate(const Arguments& arguments, const consensus::NamedLabels& labels, Job& job) {
  Found found;
  found.method = arguments.method;
  if (found.method.empty()) found.method = labels.opinions ? linear_pool : consensus::method_names.front();
  const auto method = consensus::method_from_name(found.method);
  if (labels.opinions && method) {
    return fail(ErrorKind::invalid_argument, "the table has probabilities, which --method " + std::string(linear_pool) + " and " +
                                                 std::string(log_pool) + " take, not " + found.method);
  }
  if (method) {
    auto verdicts = consensus::aggregate({labels.table, labels.truth, job, arguments.seed}, *method);
    if (!verdicts) return tl::unexpected(verdicts.error());
    found.verdicts = std::move(*verdicts);
  } else {
    const auto opinions =
        labels.opinions ? Result<consensus::NamedOpinions>(*labels.opinions) : consensus::certain_opinions(labels.table);
    if (!opinions) return tl::unexpected(opinions.error());
    found.verdicts = consensus::pool_opinions(
        {opinions->items, opinions->experts, opinions->probabilities, labels.items.size(), labels.experts.size(), labels.truth},
        found.method == log_pool ? consensus::PoolKind::logarithmic : consensus::PoolKind::linear);
  }
  const auto agreement = consensus::krippendorff_alpha(labels.table, arguments.seed, job);
  if (!agreement) return tl::unexpected(agreement.error());
  found.agreement = *agreement;
  return found;
}

int conclude_table(Program& program, const Arguments& arguments, const Result<consensus::NamedLabels>& labels) {
  if (!labels) return program.failed(labels.error());
  if (!arguments.verdicts.empty() || arguments.unordered)
    return program.failed(misplaced("--verdicts and --unordered are for responses, not for a table of labels"));
  std::optional<Running> running(std::in_place, program, "consensus");
  const auto found = aggregate(arguments, *labels, running->job());
  running.reset();
  if (!found) return program.failed(found.error());
  program.out.write(arguments.json ? json_text(as_json(*labels, *found))
                                   : as_text(arguments, *labels, *found, wants_colour(STDOUT_FILENO)));
  const auto& chosen = found->verdicts.labels;
  const bool any_tie = std::find(chosen.begin(), chosen.end(), -1) != chosen.end();
  return any_tie || chosen.empty() ? exit_no_consensus : exit_passed;
}

// The responses in the file, where it holds some: an array of them, or what has such an array, as a report does.
const nlohmann::json* responses_in(const nlohmann::json& json) {
  if (json.is_object() && json.contains("responses")) return &json["responses"];
  const bool has_some = json.is_array() && !json.empty() && json.front().is_object() && json.front().contains("expert_name");
  return has_some ? &json : nullptr;
}

Result<Report> conclude_responses(const Arguments& arguments, const nlohmann::json& responses) {
  Report report;
  report.id = random_id();
  report.started = now_us();
  if (!responses.is_array()) return fail(ErrorKind::serialization, "responses are not an array", arguments.path);
  for (std::size_t i = 0; i < responses.size(); ++i) {
    auto response = consensus::response_from_json(responses[i]);
    if (!response) {
      Error error = response.error();
      error.where = arguments.path + ": responses[" + std::to_string(i) + "]" + (error.where.empty() ? "" : "." + error.where);
      return tl::unexpected(std::move(error));
    }
    report.responses.push_back(std::move(*response));
  }
  consensus::Question& question = report.receipt.question;
  if (arguments.verdicts.empty())
    question = consensus::question_of(report.responses);
  else
    question.verdicts = arguments.verdicts;
  if (arguments.unordered) question.ordered = false;
  return replay(report);
}

int conclude_circle(Program& program, const Arguments& arguments, const nlohmann::json& responses) {
  if (!arguments.method.empty() || !arguments.feedback.empty())
    return program.failed(misplaced("--method and --feedback are for tables of labels, not for responses"));
  auto report = conclude_responses(arguments, responses);
  if (!report) {
    Error error = report.error();
    if (error.where.empty()) error.where = arguments.path;
    return program.failed(error);
  }
  program.out.write(arguments.json ? json_text(to_json(*report))
                                   : render_text(*report, wants_colour(STDOUT_FILENO), terminal_width(STDOUT_FILENO)));
  return report->exit_code();
}

int conclude_file(Program& program, const Arguments& arguments) {
  const auto text = read_text_file(arguments.path, largest_file);
  if (!text) return program.failed(text.error());
  const auto truths = read_truths(arguments.feedback);
  if (!truths) return program.failed(truths.error());
  if (!is_json(arguments.path))
    return conclude_table(program, arguments, consensus::labels_from_csv(*text, arguments.path, *truths));
  const auto json = parse_json(*text, arguments.path);
  if (!json) return program.failed(json.error());
  if (const nlohmann::json* responses = responses_in(*json)) return conclude_circle(program, arguments, *responses);
  return conclude_table(program, arguments, consensus::labels_from_json(*json, arguments.path, *truths));
}

}  // namespace

void add_consensus_command(CLI::App& app, Program& program) {
  auto* command =
      app.add_subcommand("consensus", "The verdict of responses, or one per item from a table of who gave which label to it");
  const auto arguments = std::make_shared<Arguments>();
  std::vector<std::string> methods(consensus::method_names.begin(), consensus::method_names.end());
  methods.emplace_back(linear_pool);
  methods.emplace_back(log_pool);
  command
      ->add_option("FILE", arguments->path,
                   "CSV whose first line names the columns item, expert and label (and perhaps probability and truth), or JSON "
                   "(.json): an array of such objects, an array of responses, or an object that has one as `responses`")
      ->required();
  command
      ->add_option("--method", arguments->method, "How labels are aggregated; pool, or linear_pool where there are probabilities")
      ->check(CLI::IsMember(methods));
  command->add_option("--feedback", arguments->feedback, "CSV with the columns item and truth, or JSON (.json): {item: truth}")
      ->type_name("FILE");
  command
      ->add_option(
          "--verdicts", arguments->verdicts,
          "Of responses: the possible verdicts, best first (default healthy, degraded, failing; if no response has one of "
          "these, whatever they have, in no order)")
      ->delimiter(',')
      ->type_name("A,B,...");
  command->add_flag("--unordered", arguments->unordered, "Of responses: verdicts have no order");
  command->add_option("--seed", arguments->seed, "For what starts at random")->capture_default_str();
  command->add_option("--limit", arguments->limit, "How many items and experts the tables show; 0 for all")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "Print JSON, with all items and experts");
  command->callback(
      [&program, arguments] { program.chosen = [&program, arguments] { return conclude_file(program, *arguments); }; });
}

}  // namespace conclave::cli
