#include "engine/base/toml_table.h"

#include <algorithm>
#include <cmath>

#include "engine/base/text.h"

namespace conclave {

void TomlFindings::add(const toml::source_region& at, std::string_view message) {
  if (!text_.empty()) text_ += '\n';
  if (++count_ == 1) where_ = place(at.begin);
  if (count_ > 1) text_ += place(at.begin) + ": ";
  text_ += message;
}

Result<void> TomlFindings::result() const {
  if (count_ == 0) return {};
  return fail(ErrorKind::parse, text_, where_);
}

std::string TomlFindings::place(const toml::source_position& at) const {
  if (!at) return file_;
  return file_ + ":" + std::to_string(static_cast<int>(at.line) + first_line_ - 1) + ":" +
         std::to_string(static_cast<int>(at.column) + first_column_ - 1);
}

Result<toml::table> parse_toml(std::string_view text, const std::string& file, int first_line, int first_column) {
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    TomlFindings findings(file, first_line, first_column);
    findings.add(error.source(), "not valid TOML: " + valid_utf8(error.description()));
    return tl::unexpected(findings.result().error());
  }
}

const toml::node* TomlTable::any(std::string_view key) {
  known_.push_back(key);
  return table_.get(key);
}

const toml::node* TomlTable::text(std::string_view key, std::string& out) {
  const auto* value = typed<toml::value<std::string>>(key, "a string");
  if (value != nullptr) out = value->get();
  return value;
}

const toml::node* TomlTable::boolean(std::string_view key, bool& out) {
  const auto* value = typed<toml::value<bool>>(key, "true or false");
  if (value != nullptr) out = value->get();
  return value;
}

const toml::node* TomlTable::number(std::string_view key, double& out, double min, double max) {
  const toml::node* node = any(key);
  if (node == nullptr) return nullptr;
  const auto value = node->is_number() ? node->value<double>() : std::nullopt;
  if (!value || !(*value >= min && *value <= max)) {
    findings_.add(node->source(), what_ + std::string(key) + " must be a number from " + std::to_string(std::llround(min)) +
                                      " to " + std::to_string(std::llround(max)));
    return nullptr;
  }
  out = *value;
  return node;
}

const toml::node* TomlTable::texts(std::string_view key, std::vector<std::string>& out) {
  const auto* list = typed<toml::array>(key, "a list of strings");
  if (list == nullptr) return nullptr;
  for (const toml::node& item : *list) {
    const auto* value = item.as_string();
    if (value == nullptr) {
      findings_.add(item.source(), what_ + std::string(key) + " must be a list of strings");
    } else {
      out.push_back(value->get());
    }
  }
  return list;
}

void TomlTable::finish() {
  for (const auto& [key, node] : table_) {
    if (std::find(known_.begin(), known_.end(), key.str()) == known_.end()) {
      findings_.add(key.source(), "unknown key '" + what_ + std::string(key.str()) + "'" + did_you_mean(key.str(), known_));
    }
  }
}

}  // namespace conclave
