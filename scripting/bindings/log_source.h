// An open log as Python sees it, and how bindings get one from what a caller names as a source.
#pragma once

#include <pybind11/pybind11.h>

#include <functional>
#include <memory>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/logs/line_index.h"
#include "engine/logs/source.h"

namespace conclave::scripting {

// The bytes of a log and its line index. Immutable after loading; any thread.
struct LogText {
  std::shared_ptr<const logs::LogBytes> bytes;
  logs::LineIndex index;
};
using LogTextPtr = std::shared_ptr<LogText>;

// Text, a file, or a log that is already open; TypeError for anything else. Made with the GIL; what it returns opens the log on
// any thread without it, once.
[[nodiscard]] std::function<Result<LogTextPtr>(Job&)> log_source(pybind11::handle source);

// A piece of a log, such as a line, as its encoding has it.
[[nodiscard]] pybind11::str text_of(const logs::LogBytes& log, std::string_view piece);

// The part of bind_logs() that is in log_search.cpp.
void bind_log_search(pybind11::module_& module);

}  // namespace conclave::scripting
