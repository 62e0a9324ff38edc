// What rules of users find in a configuration. Their code runs elsewhere, once the file is read and checked; here is what it is
// given, and what becomes of its answer, which is not trusted.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/config/infrastructure.h"

namespace conclave::config {

// The model as to_json() has it, and beside it `file`, the name, `kind`, and `tree`, all that stands in the file.
[[nodiscard]] nlohmann::json for_rules(const ConfigFile& file);

// `found` is null or a list of objects with `message` and, if the rule says so, `path`, `severity` (else warning) and `fix`: at
// most 1000, no text above 10,000 bytes. The name of the rule is the id of its problems. Kind script for anything else.
// A path is that of path.h or a JSON pointer ("/services/api/image"), where items of lists may be numbers without brackets,
// services.N is the service N of the model too, and [name] an item of a list by its name. What is not in the file stands where
// the innermost map or list stands that is.
[[nodiscard]] Result<std::vector<Problem>> problems_of_rule(const ConfigFile& file, const std::string& rule,
                                                            const nlohmann::json& found);

// All that a rule costs that fails: a warning with the first line of `why`.
[[nodiscard]] Problem failed_rule(const ConfigFile& file, const std::string& rule, const std::string& why);

// "found 2 problems", for the receipt.
[[nodiscard]] std::string found_in_words(std::size_t problems);

// The same file with `more` among its problems, in order of place.
[[nodiscard]] ConfigFile with_problems(ConfigFile file, std::vector<Problem> more);

}  // namespace conclave::config
