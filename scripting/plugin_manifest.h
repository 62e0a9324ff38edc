// What a plugin says of itself: plugin.toml, or the header comment of a single file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "scripting/plugin_catalog.h"

namespace conclave::scripting {

// Text of plugin.toml into `info`, whose present values are the defaults. Wrong types, unknown keys and values out of range are
// one Error of kind parse with every finding on a line of its own, each with file:line:column.
[[nodiscard]] Result<void> read_manifest(std::string_view toml, const std::string& file_name, PluginInfo& info);

// The same for a single file: its block "# /// script" (PEP 723) with the table [tool.conclave], whose keys are those of
// plugin.toml except entry, and else the decorator @conclave.expert or @conclave.hook with its literal scope. Nothing if it has
// neither, which means that it is no plugin.
[[nodiscard]] Result<bool> read_file_header(std::string_view source, const std::string& file_name, PluginInfo& info);

}  // namespace conclave::scripting
