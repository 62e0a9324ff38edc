// The program's log file and what -v shows. Never a secret, never a line of evidence.
#pragma once

#include <vector>

#include "engine/case/audit.h"

namespace conclave::cli {

struct Program;

// $XDG_STATE_HOME/conclave/conclave.log, three files of 1 MiB (without it the program works as well), and the screen with -v.
// The program must outlive what is logged.
void start_logging(Program& program);

// Into the user's audit log. That it cannot be written is said, once, and changes nothing else.
void audit(Program& program, const std::vector<AuditLine>& lines);

}  // namespace conclave::cli
