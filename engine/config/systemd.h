// systemd units: systemd.unit(5), systemd.service(5), systemd.socket(5), systemd.timer(5) and drop-ins of them.
#pragma once

#include <set>
#include <string>

#include "engine/config/reader.h"

namespace conclave::config {

// "web.service", also of a drop-in "web.service.d/limits.conf".
[[nodiscard]] std::string unit_name_of(const std::string& file);

// `units` are the names of those that stand beside the file or are read with it.
void read_systemd(const Node& root, const std::set<std::string, std::less<>>& units, Reading& reading);

// Names of the units in a folder, the first few thousand of them.
void add_units_of(const std::filesystem::path& folder, std::set<std::string, std::less<>>& units);

}  // namespace conclave::config
