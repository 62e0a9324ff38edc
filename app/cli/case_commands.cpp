// case new, case check, open.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "app/cli/commands.h"
#include "app/cli/places.h"
#include "app/cli/problems.h"
#include "app/cli/program.h"
#include "app/cli/terminal.h"
#include "engine/case/case.h"

namespace conclave::cli {
namespace {

namespace fs = std::filesystem;

struct NewArguments {
  std::vector<std::string> paths;
  std::string output;
  bool force = false;
};

int new_case(Program& program, const NewArguments& arguments) {
  const fs::path output = arguments.output;
  std::error_code error;
  const fs::path base = fs::absolute(output, error).parent_path();
  const auto yaml =
      draft_case({arguments.paths.begin(), arguments.paths.end()}, arguments.output.empty() ? fs::current_path(error) : base);
  if (!yaml) return program.failed(yaml.error());
  if (arguments.output.empty()) {
    program.out.write(*yaml);
    return exit_passed;
  }
  if (!arguments.force && fs::exists(output, error)) {
    program.complain(arguments.output + ": exists already; --force replaces it");
    return exit_usage;
  }
  const auto written = write_file(output, *yaml);
  if (!written) return program.failed(written.error());
  program.remark("wrote " + arguments.output + "; judge it with: conclave consult " + arguments.output);
  return exit_passed;
}

int check_case(Program& program, const std::string& path, bool json) {
  const auto file = read_case_file(path);
  if (!file) return program.failed(file.error());
  if (json) {
    program.out.write(json_text({{"file", path}, {"usable", file->usable()}, {"problems", problems_json(file->problems)}}));
  } else {
    program.out.write(problems_text(file->problems, wants_colour(STDOUT_FILENO)));
    if (file->problems.empty()) program.out.write(harmless(path) + ": the case is valid\n");
  }
  return file->usable() ? exit_passed : exit_usage;
}

bool has_display() {
  for (const char* name : {"DISPLAY", "WAYLAND_DISPLAY"}) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): no other thread yet
    if (value != nullptr && *value != '\0') return true;
  }
  return false;
}

}  // namespace

int open_window(const CLI::App& app, Program& program, const std::vector<std::string>& arguments) {
  if (!has_display()) {
    program.complain("there is no display for the window (neither DISPLAY nor WAYLAND_DISPLAY is set); try conclave consult");
    if (arguments.empty() && !program.settings.quiet) program.screen.say(app.help());
    return exit_usage;
  }
  const fs::path window = program_folder() / "conclave-desktop";
  std::vector<char*> pointers = {const_cast<char*>(window.c_str())};
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  ::execv(window.c_str(), pointers.data());
  return program.failed(
      Error{ErrorKind::io, "the window cannot be started: " + std::generic_category().message(errno), window.string(), errno});
}

void add_case_commands(CLI::App& app, Program& program) {
  auto* group = app.add_subcommand("case", "Make or check a case file")->require_subcommand(1, 1);

  auto* make = group->add_subcommand("new", "Draft a case file over log files, folders and a configuration");
  const auto arguments = std::make_shared<NewArguments>();
  make->add_option("PATH", arguments->paths, "Log files, folders, an infrastructure file")->required();
  make->add_option("-o,--output", arguments->output, "Write here instead of to standard output")->type_name("FILE");
  make->add_flag("--force", arguments->force, "Replace the file if it exists");
  make->callback([&program, arguments] { program.chosen = [&program, arguments] { return new_case(program, *arguments); }; });

  auto* check = group->add_subcommand("check", "Say everything that is wrong with a case file");
  const auto file = std::make_shared<std::string>();
  const auto json = std::make_shared<bool>(false);
  check->add_option("CASE", *file, "The case file")->required();
  check->add_flag("--json", *json, "Print JSON");
  check->callback(
      [&program, file, json] { program.chosen = [&program, file, json] { return check_case(program, *file, *json); }; });

  add_case_log_commands(*group, program);

  auto* open = app.add_subcommand("open", "Open a case or a report in the window");
  const auto path = std::make_shared<std::string>();
  open->add_option("CASE", *path, "The case file")->required();
  const auto folders = std::make_shared<std::vector<std::string>>();
  open->add_option("--plugins", *folders,
                   "Another folder with plugins; naming it is consent to run them, each in a process of its own")
      ->type_name("DIR");
  const auto trusted = std::make_shared<std::vector<std::string>>();
  open->add_option("--trust", *trusted, "Run this plugin inside the window, with all its rights")->type_name("NAME");
  open->callback([&app, &program, path, folders, trusted] {
    program.chosen = [&app, &program, path, folders, trusted] {
      if (::access(path->c_str(), R_OK) != 0) return program.failed(fail_io("cannot open", *path, errno).value());
      std::vector<std::string> passed;
      for (const std::string& folder : *folders) passed.push_back("--plugins=" + folder);
      for (const std::string& name : *trusted) passed.push_back("--trust=" + name);
      passed.insert(passed.end(), {"--", *path});
      return open_window(app, program, passed);
    };
  });
}

}  // namespace conclave::cli
