// plugins new, plugins test: subcommands for those who write plugins.
#pragma once

namespace CLI {
class App;
}

namespace conclave::cli {

struct Program;

void add_plugin_making(CLI::App& plugins, Program& program);

}  // namespace conclave::cli
