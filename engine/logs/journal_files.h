// Where journald keeps its files. Internal to the room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/logs/descriptor.h"

namespace conclave::logs {

struct FoundJournals {
  std::vector<Descriptor> files;  // each can be read
  std::size_t refused = 0;        // files and folders that this user may not read
  std::vector<Error> damaged;
};

// In a folder and those in it that are named after a machine; of this machine if it is empty. Under a GuardedReading.
[[nodiscard]] FoundJournals find_journals(const std::filesystem::path& folder, Job& job);

// What is to be said of them, and of what was read; nothing if all is well.
[[nodiscard]] std::optional<Error> remark_on(const FoundJournals& found, std::uint64_t damaged_entries, bool hole,
                                             const std::string& name);

// At least one file. ErrorKind::not_found if there is no journal, io if none of it may be read or all is damaged.
[[nodiscard]] Result<FoundJournals> need_journals(const std::filesystem::path& folder, const std::string& name, Job& job);

}  // namespace conclave::logs
