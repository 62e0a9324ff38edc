// The systemd journal as lines of a log. Internal to the room, but for machine_has_journal().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/logs/journal_query.h"
#include "engine/logs/spool.h"

namespace conclave::logs {

// Entries in the order of their time, each as a JSON object on a line of its own, in a file without a name (see spool.h):
//   {"time":"2026-03-01T12:00:05.123456Z","level":"err","host":"web1","unit":"nginx.service","identifier":"nginx","pid":42,
//    "message":"..."}
// without what an entry does not have; behind it what the program added of its own, under the names it gave. `level` is PRIORITY
// in syslog's words. Line ends of a message stay within its line. Of a value longer than 16 MiB that is the beginning.
struct JournalText {
  Spool text;
  std::optional<Error> problem;  // some of it is damaged or must not be read; the rest is there
  std::string cursor;            // of the last entry, for JournalTail; of read_journal() only, and empty without entries
};

// A file of journald's by its first bytes.
[[nodiscard]] bool is_journal(std::string_view head);
// As journald names them: *.journal, *.journal~ (not closed as it should have been).
[[nodiscard]] bool is_journal_name(std::string_view name);

// All entries of one journal file, which may be in use. ErrorKind::parse if it is cut off or no journal. Does not close `file`.
[[nodiscard]] Result<JournalText> read_journal_file(int file, const std::string& name, std::uint64_t max_bytes, Job& job);

// The same of bytes that are no file by themselves: unpacked, in an archive, from a pipe.
[[nodiscard]] Result<JournalText> read_journal_bytes(std::string_view bytes, const std::string& name, std::uint64_t max_bytes,
                                                     Job& job);

// What the query asks for; `name` is for errors. ErrorKind::not_found if there is no journal, io if none of it may be read.
// All three look at the job after each entry.
[[nodiscard]] Result<JournalText> read_journal(const JournalQuery& query, const std::string& name, std::uint64_t max_bytes,
                                               Job& job);

// Whether this machine keeps a journal of which this user may read anything.
[[nodiscard]] bool machine_has_journal(Job& job);

}  // namespace conclave::logs
