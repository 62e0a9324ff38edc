// What may be absent, in JSON as null.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

namespace conclave {

template <class T>
nlohmann::json or_null(const std::optional<T>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

template <class T>
std::optional<T> optional_from(const nlohmann::json& in) {
  return in.is_null() ? std::nullopt : std::optional<T>(in.get<T>());
}

}  // namespace conclave
