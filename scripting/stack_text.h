// A Python stack as faulthandler writes it, made readable.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace conclave::scripting {

// In the order and form of a traceback, with the line of the source where its file can be read; without the frames of the host
// and of its own threads, unless nothing else is left. `dump` may hold several threads and need not be UTF-8.
[[nodiscard]] std::string readable_stack(std::string_view dump);

struct StackFrame {
  std::string file;
  int line = 0;  // 1-based
  std::string function;
};

// The same of frames that are known, most recent last.
[[nodiscard]] std::string readable_stack(std::vector<StackFrame> frames);

}  // namespace conclave::scripting
