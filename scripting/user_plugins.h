// The user's own plugin folder: what is in it every command and the window know, and may run in workers.
#pragma once

#include <filesystem>
#include <string>

#include "engine/base/error.h"
#include "scripting/plugin_catalog.h"

namespace conclave::scripting {

// $XDG_DATA_HOME/conclave/plugins, or ~/.local/share/conclave/plugins; not made here.
[[nodiscard]] std::filesystem::path user_plugins_folder();

// Kind security unless only this user and root may change `path`, and with `within` all that is in it, too. Symbolic links count
// as what they lead to.
[[nodiscard]] Result<void> check_only_yours(const std::filesystem::path& path, bool within);

// Copies a folder with a plugin.toml, or a .py file, into the user's folder, which is made if need be: the whole plugin or
// nothing, also for who reads the folder at the same time. Hidden files and caches are left behind. Kind invalid_argument for the
// name of a shipped plugin, and, unless `replace`, for one that is installed already.
[[nodiscard]] Result<PluginInfo> install_plugin(const std::filesystem::path& from, const std::filesystem::path& shipped,
                                                bool replace);

// Removes it from the user's folder; of a symbolic link the link. What it had been switched to stays known. The removed path.
[[nodiscard]] Result<std::filesystem::path> remove_plugin(const std::string& name);

}  // namespace conclave::scripting
