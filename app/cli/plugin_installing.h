// plugins install, remove: into the user's own plugin folder, and out of it. None of them runs a plugin.
#pragma once

namespace CLI {
class App;
}

namespace conclave::cli {

struct Program;

void add_plugin_installing(CLI::App& plugins, Program& program);

}  // namespace conclave::cli
