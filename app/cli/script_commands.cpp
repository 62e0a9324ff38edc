// console, run.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "app/cli/commands.h"
#include "app/cli/program.h"
#include "app/cli/scripts.h"

namespace conclave::cli {
namespace {

int open_console(Program& program, const std::string& opened) {
  if (!opened.empty() && ::access(opened.c_str(), R_OK) != 0) {
    return program.failed(fail_io("cannot open", opened, errno).value());
  }
  const auto host = start_scripts(pass_through(program));
  if (!host) return program.failed(host.error());
  int code = exit_passed;
  {
    const Interrupts interrupts([&host] { (*host)->interrupt(); }, false);
    code = (*host)->run_terminal_console(opened);
  }
  leave(**host, program.finish(code));
}

int run_script(Program& program, const std::string& script, std::optional<std::uint16_t> debug_port) {
  if (::access(script.c_str(), R_OK) != 0) return program.failed(fail_io("cannot open", script, errno).value());
  std::error_code error;
  if (std::filesystem::is_directory(script, error)) return program.failed(fail_io("cannot run", script, EISDIR).value());
  const auto host = start_scripts(pass_through(program));
  if (!host) return program.failed(host.error());
  int code = exit_passed;
  {
    const Interrupts interrupts([&host] { (*host)->interrupt(); }, false);
    code = (*host)->run_script(script, program.script_arguments, debug_port);
  }
  leave(**host, program.finish(code));
}

}  // namespace

void add_script_commands(CLI::App& app, Program& program) {
  auto* console = app.add_subcommand("console", "Python in this terminal, with the package conclave at hand");
  const auto opened = std::make_shared<std::string>();
  console->add_option("FILE", *opened, "A case file or a report as JSON, for the names case and report");
  console->callback([&program, opened] { program.chosen = [&program, opened] { return open_console(program, *opened); }; });

  auto* run = app.add_subcommand("run", "Run a Python script; what follows it are its arguments");
  const auto script = std::make_shared<std::string>();
  run->add_option("SCRIPT", *script, "The script")->required();
  run->footer("The exit code is the script's.");
  const auto port = std::make_shared<std::optional<std::uint16_t>>();
  run->add_option(debug_listen_option, *port,
                  "Wait for a debugger at this port of this machine before the script begins (debugpy, as VS Code attaches); 0: "
                  "any free one")
      ->type_name("PORT")
      ->check(CLI::Range(0, 65535));
  run->callback(
      [&program, script, port] { program.chosen = [&program, script, port] { return run_script(program, *script, *port); }; });
}

}  // namespace conclave::cli
