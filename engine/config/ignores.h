// Comments that say which problems are known: "# conclave: ignore RULE" on the line or alone on the line above,
// "# conclave: ignore-file RULE" anywhere. Several rules are parted by commas or blanks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/config/infrastructure.h"

namespace conclave::config {

[[nodiscard]] std::vector<Ignore> find_ignores(std::string_view text, const std::string& file_name);

// Takes out what is ignored.
void apply_ignores(const std::vector<Ignore>& ignores, const std::string& file, std::vector<Problem>& problems);

// The same for the problems of a file just read; ignores of rules of this program that match nothing become notes.
void apply_ignores(ConfigFile& file);

}  // namespace conclave::config
