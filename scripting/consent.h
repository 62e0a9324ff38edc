// What somebody agreed to run, by content: the file conclave.lock beside a case.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "scripting/plugin_catalog.h"

namespace conclave::scripting {

struct Consent {
  std::string name;    // for people; only the digest counts
  std::string sha256;  // of the plugin's content, its manifest with permissions and requirements included
};

// Of the case in `folder`; none if there is no lock. Kind parse for a lock that cannot be understood; kind security for one that
// others than its user or root may have written, since it lets code run.
[[nodiscard]] Result<std::vector<Consent>> read_lock(const std::filesystem::path& folder);
// Replaces the lock. `plugins` are those agreed to.
[[nodiscard]] Result<void> write_lock(const std::filesystem::path& folder, const std::vector<PluginInfo>& plugins);

[[nodiscard]] std::filesystem::path lock_file(const std::filesystem::path& folder);
[[nodiscard]] bool agreed(const std::vector<Consent>& lock, const PluginInfo& plugin);

}  // namespace conclave::scripting
