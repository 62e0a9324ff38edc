// A file that was named, as a whole.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/error.h"

namespace conclave::cli {

inline constexpr std::uintmax_t largest_text_file = 256U << 20U;  // bytes

// Errors: io, for what cannot be opened; limit, with "too large for " and `what`.
[[nodiscard]] Result<std::string> read_text_file(const std::string& path, const std::string& what);

}  // namespace conclave::cli
