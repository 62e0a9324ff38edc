// Where things are: around the executable, and in the user's state folder.
#pragma once

#include <filesystem>

namespace conclave::cli {

[[nodiscard]] std::filesystem::path program_folder();  // holds conclave and conclave-desktop; empty if /proc is not there
[[nodiscard]] std::filesystem::path shipped_plugins();
[[nodiscard]] std::filesystem::path plugin_templates();  // resources/plugin
[[nodiscard]] std::filesystem::path state_folder();      // $XDG_STATE_HOME/conclave

}  // namespace conclave::cli
