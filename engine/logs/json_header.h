// Time, level and message of a line that is a JSON object, by what programs commonly call them. Internal to the room.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "engine/logs/fields.h"
#include "engine/logs/level.h"

namespace conclave::logs {

// A line whose first byte that is not blank opens an object.
[[nodiscard]] bool is_json_line(std::string_view line);

// The fields of one role in a JSON line, in their order; those within lists are left out.
class FieldsOfRole {
 public:
  FieldsOfRole(std::string_view line, FieldRole role);
  [[nodiscard]] bool next(Field& field);

  // No byte of the line from here on played a part so far; SIZE_MAX if the end of the line did.
  [[nodiscard]] std::size_t reach() const { return reach_; }
  // Digits may have been more than values: there were escapes such as \u0041.
  [[nodiscard]] bool by_value() const { return line_.substr(0, reach_).find("\\u") != std::string_view::npos; }

 private:
  std::string_view line_;
  FieldRole role_;
  FieldReader reader_;
  std::size_t reach_ = 0;
};

// The level that a field says, in words or in numbers; `by_value` is set if digits were looked at.
[[nodiscard]] Level level_of_field(const Field& field, bool& by_value);

// The text of the message as it stands in the line, with its escapes but without line ends behind it; nothing if there is none.
[[nodiscard]] std::optional<std::string_view> json_message(std::string_view line);

}  // namespace conclave::logs
