// plugins environment, plugins environments: the virtual environments of plugins that need packages.
#pragma once

#include <nlohmann/json.hpp>

#include "scripting/environments.h"

namespace CLI {
class App;
}

namespace conclave::cli {

struct Program;

// {"state", "folder", "why"}; null where there is nothing to say.
[[nodiscard]] nlohmann::json environment_json(const scripting::EnvironmentState& state);

void add_plugin_environments(CLI::App& plugins, Program& program);

}  // namespace conclave::cli
