// A plugin to begin with: manifest, expert and test.
#pragma once

#include <filesystem>
#include <string>

#include "engine/base/error.h"

namespace conclave::scripting {

// Makes the folder `parent`/`name` from the files in `templates` (resources/plugin) and returns it. Kind invalid_argument for a
// name that is no Python module's; kind io (EEXIST) if there is something of that name. Leaves nothing behind when it fails.
[[nodiscard]] Result<std::filesystem::path> make_plugin(const std::filesystem::path& templates,
                                                        const std::filesystem::path& parent, const std::string& name);

}  // namespace conclave::scripting
