// libsystemd's sd-journal, which knows the format with all its compressions and indexes. A reader belongs to the thread that
// opened it. Internal to the room.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/base/time.h"
#include "engine/logs/journal_line.h"
#include "engine/logs/journal_query.h"

struct sd_journal;

namespace conclave::logs {

using JournalReader = std::unique_ptr<sd_journal, void (*)(sd_journal*)>;

// Of these files, which stay those of the caller.
[[nodiscard]] Result<JournalReader> open_journal(const std::vector<int>& files, const std::string& name);
// Of the files in a folder, or of this machine's if it is empty, and of those that come later: they are watched for.
[[nodiscard]] Result<JournalReader> open_growing_journal(const std::filesystem::path& folder, const std::string& name);

// Unit, priority and fields; times are for the caller.
[[nodiscard]] Result<void> choose_entries(sd_journal* reader, const JournalQuery& query, const std::string& name);

// Leads before the newest `lines` entries that end where the reader stands. Less than 0: the error, negative.
[[nodiscard]] int step_back(sd_journal* reader, std::uint64_t lines, Job& job);

// Of the entry that the reader stands at; nothing if that is damaged.
[[nodiscard]] std::optional<TimeUs> entry_time(sd_journal* reader);
// Appends that entry; false if it cannot be read whole.
[[nodiscard]] bool append_entry(sd_journal* reader, TimeUs time, JournalLine& line, std::string& out);
// What finds it again in other readers; empty if the reader stands nowhere.
[[nodiscard]] std::string entry_cursor(sd_journal* reader);

}  // namespace conclave::logs
