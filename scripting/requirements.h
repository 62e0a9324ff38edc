// What a plugin wants installed, as plain names and versions: PEP 508 without addresses, the hashes of a lock file, and which
// Python. What is read here is what pip is given, so nothing else may get through: no option, no address, no path.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"

namespace conclave::scripting {

struct Requirement {
  std::string name;        // as PEP 503 compares names: "typing-extensions"
  std::string specifiers;  // "<3,>=1.24"; may be empty
  std::string marker;      // of when it is needed; mostly empty
  std::string text;        // all of it, written in one way: "numpy[extra]<3,>=1.24 ; python_version < \"3.13\""
};

// One entry of `requirements`. Kind parse, without a place.
[[nodiscard]] Result<Requirement> parse_requirement(std::string_view text);

// The file requirements.lock of a plugin, as `pip-compile --generate-hashes` and `pip hash` write it: "name==version
// --hash=sha256:..." each, with comments and continued lines. The text of each holds its hashes. Kind parse with file:line.
[[nodiscard]] Result<std::vector<Requirement>> parse_lock(std::string_view text, const std::string& file_name);

// Whether the Python of this program, for example 3.11.2, is one of ">=3.11,<3.13". Kind parse for what is no such text.
[[nodiscard]] Result<bool> fits_python(std::string_view specifiers);
[[nodiscard]] std::string_view python_version();
[[nodiscard]] std::string_view python_abi();  // "cpython-311-x86_64-linux-gnu"

}  // namespace conclave::scripting
