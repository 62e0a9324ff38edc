// systemd units as trees, by systemd.syntax(7).
#pragma once

#include <string>
#include <string_view>

#include "engine/config/tree.h"

namespace conclave::config {

// A map of sections, each a map of keys. A key that is given once is a scalar, one that is repeated a list, and one that is
// emptied starts again. Environment is always a list of NAME=value, taken out of its quotes. Lines that end in a backslash go on
// in the next, comments between them left out. A place is that of the first byte of a value. Errors as those of read_yaml.
[[nodiscard]] Result<Node> read_unit(std::string_view text, const std::string& file_name, const TreeLimits& limits = {});

}  // namespace conclave::config
