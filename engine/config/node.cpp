#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/config/tree.h"

// Which plain scalar is what: YAML 1.2.2, section 10.3.2 (core schema). "yes", "on" and "012:30" are text there.

namespace conclave::config {
namespace {

using Json = nlohmann::json;

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

template <class Number, class... Base>
bool convert(std::string_view digits, Number& out, Base... base) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out, base...);
  return error == std::errc{} && end == digits.data() + digits.size();
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? ; from_chars alone would also take "inf" and "nan".
bool looks_like_float(std::string_view text) {
  const auto eat_digits = [&] {
    const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(count);
    return count;
  };
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  const std::size_t whole = eat_digits();
  std::size_t fraction = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = eat_digits();
  }
  if (whole + fraction == 0) return false;
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (eat_digits() == 0) return false;
  }
  return text.empty();
}

Json whole_number(std::string_view text, int base) {
  long long value = 0;
  if (convert(text, value, base)) return value;
  unsigned long long large = 0;
  if (convert(text, large, base)) return large;
  return {};
}

Json plain_to_json(std::string_view text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return nullptr;
  if (is_one_of(text, {"true", "True", "TRUE"})) return true;
  if (is_one_of(text, {"false", "False", "FALSE"})) return false;
  if (text.starts_with("0o") && text.find_first_not_of("01234567", 2) == std::string_view::npos && text.size() > 2)
    if (Json value = whole_number(text.substr(2), 8); !value.is_null()) return value;
  if (text.starts_with("0x") && text.size() > 2 && text[2] != '-')
    if (Json value = whole_number(text.substr(2), 16); !value.is_null()) return value;
  std::string_view unsigned_text = text;
  if (text.starts_with('+') || text.starts_with('-')) unsigned_text.remove_prefix(1);
  if (is_one_of(unsigned_text, {".inf", ".Inf", ".INF"}) || is_one_of(text, {".nan", ".NaN", ".NAN"})) return nullptr;
  const std::string_view number = text.starts_with('+') ? unsigned_text : text;
  if (!unsigned_text.empty() && std::ranges::all_of(unsigned_text, is_digit))
    if (Json value = whole_number(number, 10); !value.is_null()) return value;
  if (looks_like_float(text)) {
    double value = 0;
    if (convert(number, value) && std::isfinite(value)) return value;
    return nullptr;  // beyond what a double holds
  }
  return std::string(text);
}

}  // namespace

Node::Node() = default;
Node::~Node() = default;
Node::Node(const Node&) = default;
Node::Node(Node&&) noexcept = default;
Node& Node::operator=(const Node&) = default;
Node& Node::operator=(Node&&) noexcept = default;

const Node* Node::find(std::string_view key) const {
  const auto found = std::ranges::find_if(entries, [&](const auto& entry) { return entry.first.scalar == key; });
  return found == entries.end() ? nullptr : &found->second;
}

nlohmann::json Node::to_json() const {
  switch (kind) {
    case NodeKind::null:
      return nullptr;
    case NodeKind::scalar:
      return quoted ? Json(scalar) : plain_to_json(scalar);
    case NodeKind::list: {
      Json out = Json::array();
      for (const Node& item : items) out.push_back(item.to_json());
      return out;
    }
    case NodeKind::map: {
      Json out = Json::object();
      for (const auto& [key, value] : entries) out[key.scalar] = value.to_json();
      return out;
    }
  }
  return nullptr;
}

}  // namespace conclave::config
