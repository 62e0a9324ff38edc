// What a configuration names beside itself.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "engine/base/error.h"

namespace conclave::config {

// A file that a configuration in `folder` names. Kind unsupported unless it stands there or below, links followed: what a file of
// a stranger names is read into what others see of it. Kind unsupported also for an empty folder, which is none.
[[nodiscard]] Result<std::filesystem::path> path_beside(const std::filesystem::path& folder, const std::string& name);
[[nodiscard]] Result<std::string> read_beside(const std::filesystem::path& folder, const std::string& name,
                                              std::size_t max_bytes);

}  // namespace conclave::config
