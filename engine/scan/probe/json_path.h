// The part of JSONPath (RFC 9535) that names one place: $.status, $['a b'].checks[0].up
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "engine/base/error.h"

namespace conclave::scan {

// The same place as a JSON pointer. Kind parse if the path is of another form.
[[nodiscard]] Result<nlohmann::json::json_pointer> pointer_of_path(std::string_view path);

}  // namespace conclave::scan
