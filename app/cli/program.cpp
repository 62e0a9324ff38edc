#include "app/cli/program.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>

#include "app/cli/commands.h"
#include "app/cli/logging.h"
#include "app/cli/scripts.h"
#include "app/cli/terminal.h"
#include "engine/base/text.h"

namespace conclave::cli {

void Program::complain(const std::string& text) { screen.say("conclave: " + text); }

int Program::failed(const Error& error) {
  if (error.kind == ErrorKind::cancelled) return exit_interrupted;
  complain(error.text());
  if (settings.debug) {
    screen.say("  kind " + std::to_string(static_cast<int>(error.kind)) + ", errno " + std::to_string(error.os_error));
  }
  return exit_usage;
}

void Program::remark(const std::string& text) {
  if (!settings.quiet) screen.say(text);
}

int Program::finish(int code) {
  const auto written = out.state();
  if (written) return code;
  complain(written.error().text());
  return std::max(code, exit_usage);
}

std::string json_text(const nlohmann::json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Running::Running(Program& program, std::string title)
    : job_(std::make_shared<Job>(std::move(title))),
      interrupts_(
          [job = job_, &program] {
            job->request_stop();
            program.remark("conclave: stopping; press Ctrl-C again to leave at once");
          },
          true) {
  if (is_terminal(STDERR_FILENO) && !program.settings.quiet) bar_.emplace(program.screen, *job_);
}

namespace {

constexpr const char* footer =
    "Exit codes: 0 passed; 1 another verdict, problems or findings; 2 usage, invalid case or unreadable input;\n"
    "3 no consensus; 130 Ctrl-C. `conclave COMMAND --help` says more about a command.";

// An empty text is a variable that was not set: it must not mean standard output, or this folder.
void refuse_empty_values(CLI::App& app) {
  for (CLI::Option* option :
       app.get_options([](const CLI::Option* candidate) { return candidate->get_items_expected_max() > 0; })) {
    option->check([](const std::string& value) { return std::string(value.empty() ? "must not be empty" : ""); });
  }
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) refuse_empty_values(*command);
}

void describe(CLI::App& app, Program& program) {
  app.set_version_flag("--version", "conclave " CONCLAVE_VERSION, "Print the version and leave");
  app.set_help_flag("-h,--help", "Print this help and leave");
  app.fallthrough();  // global options are understood after the subcommand too
  app.require_subcommand(0, 1);
  app.footer(footer);
  app.add_flag("-v,--verbose", program.settings.verbosity, "Say what is done and what experts print; twice for details");
  app.add_flag("--quiet", program.settings.quiet, "No progress and no remarks on standard error, only errors");
  app.add_flag("--debug", program.settings.debug, "Do not hide the causes of errors");
  add_consult_commands(app, program);
  add_case_commands(app, program);
  add_log_commands(app, program);
  add_scan_command(app, program);
  add_config_commands(app, program);
  add_consensus_command(app, program);
  add_script_commands(app, program);
  add_plugin_commands(app, program);
  add_policy_command(app, program);
  add_keys_commands(app, program);
  add_history_commands(app, program);
  add_backtest_command(app, program);
  refuse_empty_values(app);
  program.chosen = [&app, &program] { return open_window(app, program, {}); };
}

// What CLI11 does not know, said in one line.
std::string usage_message(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* group = &app;
  while (!group->get_subcommands().empty()) group = group->get_subcommands().front();
  const auto commands = group->get_subcommands([](const CLI::App*) { return true; });
  const auto extras = app.remaining(true);
  if (extras.empty() || (commands.empty() && error.get_name() != "ExtrasError")) return error.what();
  if (commands.empty() || extras.front().starts_with("-")) return "unexpected argument '" + extras.front() + "'";
  std::vector<std::string> names;
  for (const CLI::App* command : commands) names.push_back(command->get_name());
  const std::vector<std::string_view> known(names.begin(), names.end());
  return "unknown command '" + extras.front() + "'" + did_you_mean(extras.front(), known);
}

// Everything after the script of `conclave run SCRIPT ...` belongs to the script.
std::vector<std::string> take_script_arguments(std::vector<std::string>& arguments) {
  const auto is_option = [](const std::string& text) { return text.size() > 1 && text.front() == '-'; };
  const auto command = std::find_if_not(arguments.begin(), arguments.end(), is_option);
  if (command == arguments.end() || *command != "run") return {};
  auto script = command + 1;
  while (script != arguments.end() && is_option(*script)) {
    const bool has_value = *script == debug_listen_option && script + 1 != arguments.end();
    script += has_value ? 2 : 1;
  }
  if (script == arguments.end()) return {};
  std::vector<std::string> rest(script + 1, arguments.end());
  arguments.erase(script + 1, arguments.end());
  return rest;
}

int parse_and_run(std::vector<std::string> arguments, Program& program) {
  CLI::App app("Conclave judges logs, services and configuration with a circle of experts.", "conclave");
  describe(app, program);
  program.script_arguments = take_script_arguments(arguments);
  try {
    std::reverse(arguments.begin(), arguments.end());
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    program.out.write(app.help());
    return exit_passed;
  } catch (const CLI::CallForVersion& version) {
    program.out.write(std::string(version.what()) + "\n");
    return exit_passed;
  } catch (const CLI::ParseError& error) {
    program.complain(usage_message(app, error) + "; see conclave --help");
    return exit_usage;
  }
  start_logging(program);
  return program.chosen();
}

}  // namespace

int run(const std::vector<std::string>& arguments) {
  occupy_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that went away is an error of write()
  Program program;
  const std::vector<std::string> rest(arguments.begin() + (arguments.empty() ? 0 : 1), arguments.end());
  try {
    return program.finish(parse_and_run(rest, program));
  } catch (const std::exception& error) {
    if (program.settings.debug) throw;
    program.complain(std::string("internal error: ") + error.what() + "; --debug shows more");
    return exit_usage;
  }
}

}  // namespace conclave::cli
