// Which plugins the user switched off, by name: plugins.json in the user's settings folder.
#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>

#include "engine/base/error.h"

namespace conclave::scripting {

using PluginNames = std::set<std::string, std::less<>>;

[[nodiscard]] std::filesystem::path switches_file();

// None if there is no file. Kind parse for one that cannot be understood: then nobody knows what may run.
[[nodiscard]] Result<PluginNames> read_disabled();

// Remembers it; makes the folder if need be. Kind invalid_argument for a name that no plugin can have.
[[nodiscard]] Result<void> set_enabled(const std::string& name, bool enabled);

}  // namespace conclave::scripting
