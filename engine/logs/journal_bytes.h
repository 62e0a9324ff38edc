// A journal as the bytes of a log. Internal to the room.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/base/time.h"
#include "engine/logs/journal.h"
#include "engine/logs/source.h"

namespace conclave::logs {

// Of a file: `file_bytes` long, written last when `modified` says.
[[nodiscard]] Result<std::shared_ptr<const LogBytes>> journal_bytes(Result<JournalText> journal, const std::string& name,
                                                                    std::uint64_t file_bytes, TimeUs modified);

// What journald has; it can be grown().
[[nodiscard]] Result<std::shared_ptr<const LogBytes>> named_journal_bytes(const JournalQuery& query, const std::string& name,
                                                                          std::uint64_t max_bytes, Job& job);

}  // namespace conclave::logs
