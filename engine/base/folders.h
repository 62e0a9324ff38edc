// The user's folders, as the XDG Base Directory Specification says; none is made here.
#pragma once

#include <filesystem>

namespace conclave {

[[nodiscard]] std::filesystem::path user_config_folder();  // $XDG_CONFIG_HOME/conclave, or ~/.config/conclave
[[nodiscard]] std::filesystem::path user_state_folder();   // $XDG_STATE_HOME/conclave, or ~/.local/state/conclave
[[nodiscard]] std::filesystem::path user_data_folder();    // $XDG_DATA_HOME/conclave, or ~/.local/share/conclave

}  // namespace conclave
