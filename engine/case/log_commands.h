// Logs that are other at any time: what commands print (`command:` among the logs of a case), and the journal. Whether a command
// may run, what it said, and where that is kept.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/case/case.h"
#include "engine/case/snapshots.h"

namespace conclave {

// A command that was started, however it ended, or was not because it may not run.
struct CommandRun {
  std::string line;
  std::filesystem::path folder;
  logs::CommandResult result;
  std::string sha256 = {};   // of what was kept; empty: nothing was
  std::string failure = {};  // why it could not be kept, or be started, or may not run
  bool refused = false;
};

struct CommandOptions {
  std::vector<std::string> allowed = {};  // lines that the user agrees to for this time
  // Lines of which what they printed last is taken instead; nothing runs for them, and nobody has to agree.
  std::vector<std::string> from_snapshots = {};
  bool all_from_snapshots = false;
  // Secrets that experts may ask for: no command gets variables of these names, nor of those in the key ring.
  std::vector<std::string> secrets = {};
  std::function<void(const CommandRun&)> on_run = {};  // for the audit log; on the thread that gathers
  std::filesystem::path snapshots = default_snapshot_folder();
};

// What came of one.
struct CommandLog {
  std::optional<Snapshot> snapshot;       // a file as any other; nothing: it may not run
  std::vector<config::Problem> problems;  // that and why, that it did not end well, or that it was not run anew
};

// Why it may not run for `subject`: a policy forbids it, or the user did not agree; rule "policy" or "consent". Nothing: it may.
[[nodiscard]] std::optional<config::Problem> objection_to(const LogCommand& command, const Case& subject,
                                                          const CommandOptions& options);

// Runs it if it may, or takes its snapshot. An error if there is none, if it printed nothing and failed, or cannot be started;
// Error::where is the name of the command.
[[nodiscard]] Result<CommandLog> read_command(const LogCommand& command, const Case& subject, const CommandOptions& options,
                                              Job& job);

// The same for a log that is "journal:..." (engine/logs/journal_query.h), which runs nothing and needs no consent: what the
// journal holds now, kept as what a command printed is, or its snapshot. An error if it cannot be read.
[[nodiscard]] Result<CommandLog> read_journal(const std::string& journal, const Case& subject, const CommandOptions& options,
                                              Job& job);

// How it ended, "ended with status 3: no such pod" for example, without secrets; empty: as it should.
[[nodiscard]] std::string end_of_command(const logs::CommandResult& result);

}  // namespace conclave
