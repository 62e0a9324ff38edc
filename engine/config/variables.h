// Variables of Compose files: files of NAME=value, and their use in values.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "engine/config/reader.h"

namespace conclave::config {

struct Variable {
  std::string name;
  std::string value;
  Location location;
};

// Lines of NAME=value as Compose and Docker write them: comments, `export`, single quotes (as they stand), double quotes (with
// escapes, also over several lines). `problem` hears of lines that are none of these. Values may refer to variables
// as those of a configuration do; nothing is put in here.
[[nodiscard]] std::vector<Variable> read_variables(std::string_view text, const std::string& file_name,
                                                   const std::function<void(const Location&, std::string)>& problem);

// Those of a file in the folder of the configuration that is read, or below it, of up to 1 MiB. Lines that are none are reported
// at `at`, once. Errors as those of read_beside.
[[nodiscard]] Result<std::vector<Variable>> read_variables_beside(const std::string& name, const Location& at, Reading& reading);

using Variables = std::map<std::string, std::string, std::less<>>;

// ${NAME}, ${NAME:-default}, ${NAME-default}, ${NAME:?message}, ${NAME?message}, ${NAME:+other}, ${NAME+other}, $NAME and $$ for
// a dollar, nested in default and other (https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md). A variable
// that has no value is reported at `at` and empty. The environment of this process has no part in it.
[[nodiscard]] std::string interpolated(std::string_view text, const Variables& variables, const Location& at, Reading& reading);

// The same for every value of a tree, in place.
void interpolate(Node& node, const Variables& variables, Reading& reading);

}  // namespace conclave::config
