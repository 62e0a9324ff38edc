// --weights FILE: a map from experts to weights, as YAML or JSON.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "engine/base/error.h"

namespace conclave::cli {

// Every weight is a number above 0; errors have file:line:column.
[[nodiscard]] Result<std::map<std::string, double>> read_weights(const std::filesystem::path& path);

}  // namespace conclave::cli
