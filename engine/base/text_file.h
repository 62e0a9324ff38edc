// A file that somebody named, as a whole, read in bounded memory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "engine/base/error.h"

namespace conclave {

// Regular files only, so that no pipe is waited for; kind limit beyond `max_bytes`, however the file grows meanwhile.
[[nodiscard]] Result<std::string> read_text_file(const std::filesystem::path& path, std::size_t max_bytes);

}  // namespace conclave
