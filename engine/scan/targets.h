// Targets of more than a line of text: ports for those that name none, networks, files.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/scan/scanner.h"

namespace conclave::scan {

// Each of `words` is text as parse_targets takes it, a host without a port that gets all of `ports` ("22,80,8000-8100"; empty:
// that is an error), or @FILE with such text on every line, where # begins a comment. A target that comes twice, however its host
// is spelled, is there once, by its first name. Every problem in one error; kind io for a file that cannot be read. At most
// 1,000,000 targets and files of 64 MiB.
[[nodiscard]] Result<std::vector<Target>> targets_of(std::span<const std::string> words, std::string_view ports = {});

}  // namespace conclave::scan
