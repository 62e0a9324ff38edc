#include "app/cli/plugin_installing.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <memory>

#include "app/cli/logging.h"
#include "app/cli/places.h"
#include "app/cli/program.h"
#include "app/cli/terminal.h"
#include "scripting/permissions.h"
#include "scripting/plugin_switches.h"
#include "scripting/user_plugins.h"

namespace conclave::cli {
namespace {

struct Arguments {
  std::string path;
  std::string name;
  bool replace = false;
};

int install(Program& program, const Arguments& arguments) {
  if (::access(arguments.path.c_str(), R_OK) != 0) return program.failed(fail_io("cannot open", arguments.path, errno).value());
  const auto plugin = scripting::install_plugin(arguments.path, shipped_plugins(), arguments.replace);
  if (!plugin) return program.failed(plugin.error());
  audit(program, {AuditLine{"plugin.install", plugin->name, plugin->sha256}});
  std::string text =
      "Installed " + plugin->name + (plugin->version.empty() ? "" : " " + plugin->version) + ": " + plugin->path.string() + "\n";
  for (const std::string& line : scripting::permission_lines(*plugin)) text += "  " + line + "\n";
  program.out.write(harmless(text));
  if (scripting::in_default_circle(*plugin)) program.remark("conclave: it is asked by every case that names no experts");
  const auto disabled = scripting::read_disabled();
  if (disabled && disabled->contains(plugin->name)) {
    program.remark("conclave: you disabled a plugin of this name; conclave plugins enable " + plugin->name);
  }
  return exit_passed;
}

int remove(Program& program, const Arguments& arguments) {
  const auto removed = scripting::remove_plugin(arguments.name);
  if (!removed) return program.failed(removed.error());
  audit(program, {AuditLine{"plugin.remove", arguments.name, removed->string()}});
  program.out.write(harmless("Removed " + removed->string()) + "\n");
  return exit_passed;
}

}  // namespace

void add_plugin_installing(CLI::App& plugins, Program& program) {
  const auto arguments = std::make_shared<Arguments>();
  auto* put =
      plugins.add_subcommand("install", "Copy a plugin into your own plugin folder, where every command and the window find it");
  put->add_option("PATH", arguments->path, "A folder with a plugin.toml, or a single .py file")->required();
  put->add_flag("--replace", arguments->replace, "Replace the plugin of that name, if there is one");
  put->footer("The folder is " + scripting::user_plugins_folder().string() + ". What is in it runs in processes of its own.");
  put->callback([&program, arguments] { program.chosen = [&program, arguments] { return install(program, *arguments); }; });

  auto* take = plugins.add_subcommand("remove", "Remove a plugin from your own plugin folder");
  take->add_option("NAME", arguments->name, "Its name")->required();
  take->callback([&program, arguments] { program.chosen = [&program, arguments] { return remove(program, *arguments); }; });
}

}  // namespace conclave::cli
