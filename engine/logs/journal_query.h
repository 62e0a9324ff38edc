// Which entries of the systemd journal are meant: "journal:unit=nginx,priority=err".
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/time.h"

namespace conclave::logs {

// What stands behind "journal:", parted by commas; "\," is a comma of a value. An entry must match each key, and one of the
// values of a key that is given several times.
//   unit=nginx         of a service, or about it by systemd; "nginx.timer" and the like with their endings
//   identifier=sshd    the name that the program gives itself
//   priority=err       and what is graver: emerg alert crit err warning notice info debug, or 0 to 7
//   since= until=      ISO 8601 (UTC if it has no offset), or before now: -2h, -30d
//   boot, kernel       since this start of the machine; only what the kernel says
//   lines=1000         the newest of those that match
//   directory=PATH     the journal files there instead of this machine's
//   _UID=1000          any field of the journal, in capitals
struct JournalQuery {
  std::vector<std::string> units;
  std::vector<std::pair<std::string, std::string>> matches;  // field and value; those of one field stand together
  std::optional<int> priority;
  std::optional<TimeUs> since;
  std::optional<TimeUs> until;
  bool boot = false;
  std::optional<std::uint64_t> lines;
  std::filesystem::path directory;

  bool operator==(const JournalQuery&) const = default;
};

// As journald lets programs name their fields; a file of a stranger may hold others.
[[nodiscard]] bool is_journal_field(std::string_view name);

inline constexpr std::string_view journal_prefix = "journal:";

// Where no file has that name.
[[nodiscard]] bool names_journal(const std::string& text, const std::filesystem::path& base = {});

// Of a text with the prefix. What "-2h" means is counted from `now`.
[[nodiscard]] Result<JournalQuery> parse_journal_query(std::string_view text, TimeUs now);

// The same text with a relative directory= below `base`.
[[nodiscard]] std::string journal_in(const std::string& text, const std::filesystem::path& base);

}  // namespace conclave::logs
