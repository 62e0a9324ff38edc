// Counts in JSON that others may have written. Internal to this room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>

namespace conclave::consensus {

// A whole number from 0; throws nlohmann::json::exception for anything else, as get() does for wrong types.
[[nodiscard]] inline std::size_t read_count(const nlohmann::json& in) {
  if (!in.is_number_integer() || (!in.is_number_unsigned() && in.get<std::int64_t>() < 0)) {
    throw nlohmann::json::other_error::create(501, "a count is a whole number from 0", &in);
  }
  return in.get<std::size_t>();
}

}  // namespace conclave::consensus
