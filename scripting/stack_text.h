// A Python stack as faulthandler writes it, made readable.
#pragma once

#include <string>
#include <string_view>

namespace conclave::scripting {

// In the order and form of a traceback, with the line of the source where its file can be read; without the frames of the host
// and of its own threads, unless nothing else is left. `dump` may hold several threads and need not be UTF-8.
[[nodiscard]] std::string readable_stack(std::string_view dump);

// One frame of a traceback: 'File "x.py", line 3, in f' and the source of the line.
[[nodiscard]] std::string frame_text(const std::string& file, int line, const std::string& function);

}  // namespace conclave::scripting
