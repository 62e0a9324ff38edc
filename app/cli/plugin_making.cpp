#include "app/cli/plugin_making.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <filesystem>
#include <optional>

#include "app/cli/logging.h"
#include "app/cli/places.h"
#include "app/cli/program.h"
#include "engine/base/text.h"
#include "scripting/environments.h"
#include "scripting/new_plugin.h"
#include "scripting/plugin_catalog.h"
#include "scripting/plugin_tests.h"
#include "scripting/script_host.h"

namespace conclave::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string name;
  std::string parent = ".";
  std::vector<std::string> folders;
};

int make_new(Program& program, const Arguments& arguments) {
  const auto shipped = scripting::read_catalog(shipped_plugins(), {});
  if (const auto* plugin = shipped.find(arguments.name)) {
    return program.failed(
        fail(ErrorKind::invalid_argument, "there is a shipped plugin of that name: " + plugin->path.string()).value());
  }
  const auto made = scripting::make_plugin(plugin_templates(), arguments.parent, arguments.name);
  if (!made) return program.failed(made.error());
  program.out.write(made->lexically_normal().string() + "\n");
  program.remark("conclave: try it: conclave plugins test " + made->lexically_normal().string() +
                 "; use it: conclave consult CASE --expert " + made->lexically_normal().string() + "/");
  return exit_passed;
}

// The folder of a plugin by name, or any folder with tests.
Result<fs::path> folder_of(const Arguments& arguments) {
  std::error_code error;
  if (fs::is_directory(arguments.name, error)) return fs::path(arguments.name);
  if (arguments.name.find('/') != std::string::npos)
    return fail_io("cannot open", arguments.name, fs::exists(arguments.name, error) ? ENOTDIR : ENOENT);
  const auto catalog = scripting::read_users_catalog(shipped_plugins(), {arguments.folders.begin(), arguments.folders.end()});
  if (const auto* plugin = catalog.find(arguments.name)) {
    if (fs::is_directory(plugin->path, error)) return plugin->path;
    return fail(ErrorKind::invalid_argument, "is a single file, and has no tests; name a folder", plugin->path.string());
  }
  std::vector<std::string_view> known;
  for (const scripting::PluginInfo& plugin : catalog.plugins) known.push_back(plugin.name);
  return fail(ErrorKind::not_found,
              "there is no plugin and no folder '" + arguments.name + "'" + did_you_mean(arguments.name, known));
}

// What the tests of a plugin with requirements import. Nothing if it has none, or is no plugin: a folder with tests.
Result<scripting::EnvironmentPtr> environment_for(Program& program, const fs::path& folder, Job& job) {
  const auto plugin = scripting::read_users_plugin(folder, scripting::Trust::named);
  if (!plugin) {
    if (plugin.error().kind != ErrorKind::not_found) program.remark("conclave: " + plugin.error().text());
    return scripting::EnvironmentPtr();
  }
  const scripting::Environments environments = scripting::HostPaths::of_this_program().environments();
  if (needs_environment(*plugin) && environments.state(*plugin).kind != scripting::EnvironmentState::Kind::ready)
    audit(program, {AuditLine{"plugin.environment", plugin->name, plugin->sha256}});
  auto made = environments.prepare(*plugin, job);
  if (!made) made.error().message = "its tests need its packages, which cannot be had: " + made.error().message;
  return made;
}

int run_tests(Program& program, const Arguments& arguments) {
  for (const std::string& folder : arguments.folders) {
    if (::access(folder.c_str(), R_OK) != 0) return program.failed(fail_io("cannot open", folder, errno).value());
  }
  const auto folder = folder_of(arguments);
  if (!folder) return program.failed(folder.error());
  std::optional<Running> making(std::in_place, program, "environment");
  const auto environment = environment_for(program, *folder, making->job());
  const bool interrupted = making->interrupted();
  making.reset();
  if (interrupted) return exit_interrupted;
  if (!environment) return program.failed(environment.error());
  const auto ended = scripting::run_plugin_tests(scripting::HostPaths::of_this_program().python_package, *folder,
                                                 *environment ? (*environment)->folder : fs::path());
  if (!ended) return program.failed(ended.error());
  switch (*ended) {
    case scripting::TestsEnded::passed:
      return exit_passed;
    case scripting::TestsEnded::failed:
      return exit_findings;
    case scripting::TestsEnded::interrupted:
      return exit_interrupted;
    case scripting::TestsEnded::none:
      break;
  }
  return program.failed(fail(ErrorKind::not_found, "there are no tests in it (test_*.py)", folder->string()).value());
}

}  // namespace

void add_plugin_making(CLI::App& plugins, Program& program) {
  const auto arguments = std::make_shared<Arguments>();
  auto* make = plugins.add_subcommand("new", "Make a plugin to begin with: manifest, expert and test");
  make->add_option("NAME", arguments->name, "Its name, also that of its folder and module")->required();
  make->add_option("--in", arguments->parent, "The folder to make it in, instead of this one")->type_name("DIR");
  make->callback([&program, arguments] { program.chosen = [&program, arguments] { return make_new(program, *arguments); }; });

  auto* test = plugins.add_subcommand(
      "test", "Run the tests of a plugin with pytest, without a display, and with its packages if it has requirements");
  test->add_option("PLUGIN", arguments->name, "The name of a plugin, or a folder with tests")->required()->type_name("NAME|DIR");
  test->add_option("--plugins", arguments->folders, "Another folder with plugins")->type_name("DIR");
  test->footer("Tests run with all your rights. Exit codes: 0 all passed; 1 some failed; 2 there are none.");
  test->callback([&program, arguments] { program.chosen = [&program, arguments] { return run_tests(program, *arguments); }; });
}

}  // namespace conclave::cli
