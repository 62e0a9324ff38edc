// Which kind of configuration a file is.
#pragma once

#include <span>
#include <string_view>

#include "engine/config/infrastructure.h"

namespace conclave::config {

// Whether the text is a systemd unit, which is no YAML: its first line with content is the head of a section.
[[nodiscard]] bool is_unit(std::string_view text, std::string_view file_name);

// Of YAML, by what only one kind has; what native files and Compose both may hold is decided by the name of the file.
[[nodiscard]] ConfigKind kind_of(std::span<const Node> documents, std::string_view file_name);

}  // namespace conclave::config
