// Command lines that the user agreed to run from now on, remembered in a file of the user's and never beside a case: a case that
// comes from a stranger must not run anything.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"

namespace conclave {

// commands.json in the user's state folder, mode 0600; refused (kind security) if others may write it.
[[nodiscard]] std::filesystem::path default_command_consents();

// Consent is for one exact line in one folder, since `./collect.sh` is another program elsewhere. `folder` is that of a case, as
// Case::base has it. Several processes may share the file.
[[nodiscard]] Result<std::vector<std::string>> agreed_commands(const std::filesystem::path& folder,
                                                               const std::filesystem::path& file = default_command_consents());
[[nodiscard]] Result<void> agree_to_command(const std::filesystem::path& folder, std::string_view line,
                                            const std::filesystem::path& file = default_command_consents());
// Whether the user had agreed.
[[nodiscard]] Result<bool> withdraw_command(const std::filesystem::path& folder, std::string_view line,
                                            const std::filesystem::path& file = default_command_consents());

// The same folder by whatever name: absolute, without symbolic links.
[[nodiscard]] std::filesystem::path command_folder(const std::filesystem::path& base);

}  // namespace conclave
