// case commands: what the logs of a case would run, and the user's agreement to it.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "app/cli/commands.h"
#include "app/cli/logging.h"
#include "app/cli/program.h"
#include "app/cli/terminal.h"
#include "engine/base/text.h"
#include "engine/case/audit.h"
#include "engine/case/command_consent.h"
#include "engine/case/log_commands.h"

namespace conclave::cli {
namespace {

struct Arguments {
  std::string file;
  std::vector<std::string> agree;
  std::vector<std::string> withdraw;
  bool json = false;
};

// A line that is withdrawn need not be in the case any more.
Result<void> check_lines(const Case& subject, const std::vector<std::string>& lines) {
  std::vector<std::string_view> known;
  for (const LogCommand& command : subject.commands) known.push_back(command.line);
  for (const std::string& line : lines) {
    if (std::find(known.begin(), known.end(), line) != known.end()) continue;
    return fail(ErrorKind::not_found, "no log of this case is the command '" + line + "'" + did_you_mean(line, known),
                subject.file.string());
  }
  return {};
}

Result<void> decide(Program& program, const Case& subject, const Arguments& arguments) {
  if (auto known = check_lines(subject, arguments.agree); !known) return known;
  const std::string where = "from now on, in " + command_folder(subject.base).string();
  for (const std::string& line : arguments.agree) {
    if (auto agreed = agree_to_command(subject.base, line); !agreed) return agreed;
    audit(program, {audit_of_command_consent(line, true, where)});
  }
  for (const std::string& line : arguments.withdraw) {
    const auto withdrawn = withdraw_command(subject.base, line);
    if (!withdrawn) return tl::unexpected(withdrawn.error());
    if (!*withdrawn) return fail(ErrorKind::not_found, "you had not agreed to '" + line + "'", subject.file.string());
    audit(program, {audit_of_command_consent(line, false, where)});
  }
  return {};
}

void show(Program& program, const Case& subject, bool json) {
  const SnapshotStore store;
  auto list = nlohmann::json::array();
  Table table({"RUNS", "PRINTED LAST", "BYTES", "COMMAND"});
  for (const LogCommand& command : subject.commands) {
    const auto objection = objection_to(command, subject, {});
    const auto last = store.note_on(subject.base, command.line);
    const Snapshot* known = last && *last ? &**last : nullptr;
    list.push_back({{"command", command.line},
                    {"name", command.name},
                    {"timeout", command.timeout_s},
                    {"max_bytes", command.max_bytes},
                    {"agreed", !objection},
                    {"objection", objection ? nlohmann::json(objection->message) : nlohmann::json(nullptr)},
                    {"last_run", known != nullptr ? nlohmann::json(format_time(known->time)) : nlohmann::json(nullptr)},
                    {"snapshot", known != nullptr ? nlohmann::json(known->file.string()) : nlohmann::json(nullptr)}});
    table.add({{!objection                     ? "yes"
                : objection->rule == "consent" ? "not agreed to"
                                               : objection->message,
                !objection ? Colour::green : Colour::yellow},
               {known != nullptr ? human_time(known->time) : ""},
               {known != nullptr ? human_bytes(static_cast<double>(known->result.bytes)) : "", Colour::none, true},
               {command.line}});
  }
  if (json) return program.out.write(json_text(list));
  program.out.write(subject.commands.empty() ? "no log of this case comes from a command\n"
                                             : table.text(wants_colour(STDOUT_FILENO)));
}

int run(Program& program, const Arguments& arguments) {
  const auto subject = load_case(arguments.file);
  if (!subject) return program.failed(subject.error());
  if (auto decided = decide(program, *subject, arguments); !decided) return program.failed(decided.error());
  show(program, *subject, arguments.json);
  return exit_passed;
}

}  // namespace

void add_case_log_commands(CLI::App& cases, Program& program) {
  auto* commands = cases.add_subcommand("commands", "What the logs of a case would run, and whether you agreed to it");
  const auto arguments = std::make_shared<Arguments>();
  commands->add_option("CASE", arguments->file, "The case file")->required();
  commands
      ->add_option("--agree", arguments->agree,
                   "From now on consultations of cases in this folder may run this very line (may be given again)")
      ->type_name("LINE")
      ->allow_extra_args(false);
  commands->add_option("--withdraw", arguments->withdraw, "No longer (may be given again)")
      ->type_name("LINE")
      ->allow_extra_args(false);
  commands->add_flag("--json", arguments->json, "Print JSON");
  commands->callback([&program, arguments] { program.chosen = [&program, arguments] { return run(program, *arguments); }; });
}

}  // namespace conclave::cli
