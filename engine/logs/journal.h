// The systemd journal as a log file.
#pragma once

#include <filesystem>
#include <optional>

#include "engine/base/error.h"
#include "engine/base/job.h"

namespace conclave::logs {

// Writes the newest 200,000 entries of this boot as lines with ISO 8601 stamps (UTC) to `file`, by running journalctl without a
// shell. Nothing if this machine has no journal or none that this user may read. Cancellable; gives up after 30 s.
[[nodiscard]] Result<std::optional<std::filesystem::path>> snapshot_journal(const std::filesystem::path& file, Job& job);

}  // namespace conclave::logs
