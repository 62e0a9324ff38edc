// Finds what is secret in a configuration, so that it is not shown until someone asks for it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/job.h"
#include "engine/config/infrastructure.h"

namespace conclave::desktop {

// What stands in place of a secret; says nothing of its length.
inline constexpr std::string_view secret_mask = "\u2022\u2022\u2022\u2022\u2022\u2022\u2022\u2022";

// A value as it may be shown: masked under a secret key, in NAME=value with a secret name, and where the rules of
// engine/security find passwords in addresses and the like. References (${NAME}, /run/secrets/x), empty values, numbers of
// things and switches are no secrets.
[[nodiscard]] std::string maskedValue(std::string_view path, std::string_view value);

// The same for the paths and values of a file: what is secret in one place is masked in all of them.
[[nodiscard]] std::vector<std::string> maskedValues(std::span<const std::pair<std::string_view, std::string_view>> values);

// The lines of a YAML text, masked. Places come from reading this very text; if it is not YAML every line is masked by rules
// alone. Any thread; may take as long as reading the text does; ends early when the job is stopped.
[[nodiscard]] std::vector<std::string> maskedLines(const std::vector<std::string>& lines, Job& job);

}  // namespace conclave::desktop
