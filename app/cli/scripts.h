// The embedded Python as the command line uses it: how it starts, where what scripts print goes, how the program ends.
#pragma once

#include <memory>

#include "scripting/script_host.h"

namespace conclave::cli {

struct Program;

// Of `conclave run`, and the only option before its script that has a value.
inline constexpr const char* debug_listen_option = "--debug-listen";

// Once per process; afterwards the program ends only through leave().
[[nodiscard]] Result<std::unique_ptr<scripting::ScriptHost>> start_scripts(scripting::OutputSink sink);
[[noreturn]] void leave(scripting::ScriptHost& host, int code);

// Console and scripts: straight to the two streams of the process.
[[nodiscard]] scripting::OutputSink pass_through(Program& program);

// Experts: standard output belongs to the report, so with -v it appears on the screen under the expert's name, and else nowhere.
[[nodiscard]] scripting::OutputSink remarks_of_experts(Program& program);

}  // namespace conclave::cli
