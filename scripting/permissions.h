// What a plugin may do and how much of it, in words for people.
#pragma once

#include <string>
#include <vector>

#include "scripting/plugin_catalog.h"

namespace conclave::scripting {

// One sentence each; they follow from the manifest and from how the plugin would run.
[[nodiscard]] std::vector<std::string> permission_lines(const PluginInfo& plugin);

}  // namespace conclave::scripting
