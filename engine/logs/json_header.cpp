#include "engine/logs/json_header.h"

namespace conclave::logs {
namespace {

// Levels may stand in an object of their own: {"@fields":{"lvl":"INFO"}}. Times there are mostly those of something else.
bool has_role(std::string_view name, FieldRole role) {
  if (usual_role(name) == role) return true;
  const std::size_t dot = name.rfind('.');
  return role == FieldRole::level && dot != std::string_view::npos && usual_role(name.substr(dot + 1)) == role;
}

}  // namespace

bool is_json_line(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t");
  return first != std::string_view::npos && line[first] == '{';
}

FieldsOfRole::FieldsOfRole(std::string_view line, FieldRole role) : line_(line), role_(role) {
  constexpr std::size_t longest_head = 60'000;  // places are kept in 16 bits
  reader_.start(line.substr(0, longest_head));
}

bool FieldsOfRole::next(Field& field) {
  while (reader_.next(field)) {
    if (field.in_list || !has_role(field.name, role_)) continue;
    reach_ = reader_.position() + 1;
    return true;
  }
  reach_ = SIZE_MAX;
  return false;
}

Level level_of_field(const Field& field, bool& by_value) {
  if (const Level level = level_of_word(field.value); level != Level::unknown) return level;
  if (field.value.size() <= 2 && field.name == "s")
    return level_of_letter(field.value.empty() ? ' ' : field.value[0]);  // MongoDB
  by_value = true;
  if (field.name == "PRIORITY") return field.value.size() == 1 ? level_of_severity(field.value[0]) : Level::unknown;
  return level_of_number(field.value);
}

std::optional<std::string_view> json_message(std::string_view line) {
  FieldsOfRole messages(line, FieldRole::message);
  Field field;
  while (messages.next(field)) {
    if (field.kind != FieldKind::text) continue;
    std::string_view text = field.value;
    while ((text.ends_with("\\n") || text.ends_with("\\r")) && !text.ends_with("\\\\n") && !text.ends_with("\\\\r")) {
      text.remove_suffix(2);
    }
    return text;
  }
  return std::nullopt;
}

}  // namespace conclave::logs
