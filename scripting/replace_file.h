// Small files that must never be half written.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string_view>

#include "engine/base/error.h"

namespace conclave::scripting {

// Writes FILE.new beside it and renames that over it.
[[nodiscard]] Result<void> replace_file(const std::filesystem::path& file, std::string_view text, mode_t mode);

}  // namespace conclave::scripting
