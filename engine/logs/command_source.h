// Logs that a program prints (`kubectl logs`, `journalctl` through ssh, ...): runs a command line once and keeps what it says.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"

namespace conclave::logs {

struct CommandOrder {
  std::string line;                        // for /bin/sh -c
  std::filesystem::path folder;            // it runs there
  double timeout_s = 60;                   // then it is killed
  std::uint64_t max_bytes = UINT64_MAX;    // more on standard output, and it is killed
  std::vector<std::string> withheld = {};  // environment variables that it does not get
};

enum class CommandEnd { exited, killed, timed_out, too_large, cancelled };

struct CommandResult {
  CommandEnd end = CommandEnd::exited;
  int code = 0;             // exit status if it exited, the signal if somebody else killed it
  std::uint64_t bytes = 0;  // of its standard output, that were kept
  std::string errors = {};  // the end of its standard error, at most 4 KiB, valid UTF-8
  double seconds = 0;
};

// Runs it in a session of its own, so that no terminal can be asked for a password: standard input is /dev/null, standard output
// goes into `output` (an empty file that is open for writing) as it comes, and no other descriptor is handed down. Of output that
// was cut off an unfinished last line is left out. When it ends, whatever it started in its process group ends with it, at once
// if the job is stopped; output that such children hold open is waited for at most 1 s longer than the command itself. Blocks the
// calling thread; advances the job by bytes. Kind io if it cannot be started or `output` cannot be written (then it is killed).
[[nodiscard]] Result<CommandResult> run_command(const CommandOrder& order, int output, Job& job);

}  // namespace conclave::logs
