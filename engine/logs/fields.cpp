// A reader for what is mostly right: JSON as RFC 8259 has it is read exactly, but raw control characters, invalid UTF-8, missing
// commas and what follows the object do no harm. Values are not looked into until they are asked for; strings are passed over 16
// bytes at a time.
#include "engine/logs/fields.h"

#include <emmintrin.h>

#include <bit>

namespace conclave::logs {
namespace {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

enum CharKind : std::uint8_t { starts_name = 1, in_name = 2, ends_bare = 4, parts_words = 8 };
constexpr std::array<std::uint8_t, 256> char_kinds = [] {
  std::array<std::uint8_t, 256> kinds{};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const char c = static_cast<char>(i);
    unsigned kind = 0;
    if (is_letter(c) || c == '_' || c == '@' || c == '$') kind |= starts_name | in_name;
    if (is_digit(c) || c == '.' || c == '-' || c == '/') kind |= in_name;
    if (is_blank(c) || c == ',' || c == '}' || c == ']') kind |= ends_bare;
    if (is_blank(c) || c == ',' || c == ';' || c == '(' || c == '[' || c == '{' || c == '|') kind |= parts_words;
    kinds[i] = static_cast<std::uint8_t>(kind);
  }
  return kinds;
}();
constexpr bool is(char c, CharKind kind) { return (char_kinds[static_cast<unsigned char>(c)] & kind) != 0; }

// The first quote or backslash from `at` on.
std::size_t string_stop(std::string_view text, std::size_t at) {
  const __m128i quotes = _mm_set1_epi8('"');
  const __m128i slashes = _mm_set1_epi8('\\');
  for (; at + 16 <= text.size(); at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    const __m128i hits = _mm_or_si128(_mm_cmpeq_epi8(bytes, quotes), _mm_cmpeq_epi8(bytes, slashes));
    if (const auto mask = static_cast<unsigned>(_mm_movemask_epi8(hits)); mask != 0) {
      return at + static_cast<std::size_t>(std::countr_zero(mask));
    }
  }
  while (at < text.size() && text[at] != '"' && text[at] != '\\') ++at;
  return at;
}

// -?digits[.digits][(e|E)[+-]digits]
bool looks_like_number(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const auto digits = [&] {
    const std::size_t from = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at > from;
  };
  if (!digits()) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!digits()) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (!digits()) return false;
  }
  return at == text.size();
}

FieldKind bare_kind(std::string_view value) {
  if (value == "true" || value == "false") return FieldKind::boolean;
  if (value == "null") return FieldKind::null;
  return looks_like_number(value) ? FieldKind::number : FieldKind::text;
}

// What a sentence puts behind a value, "user=alice, (status=500);", is no part of it.
std::string_view without_punctuation(std::string_view value) {
  constexpr std::string_view opens = "([{<";
  constexpr std::string_view shuts = ")]}>";
  constexpr int most = 8;
  for (int left = most; left > 0 && !value.empty(); --left) {
    const char last = value.back();
    const std::size_t bracket = shuts.find(last);
    if (last != ',' && last != ';' && (bracket == std::string_view::npos || value.find(opens[bracket]) != std::string_view::npos))
      break;
    value.remove_suffix(1);
  }
  return value;
}

bool opens_pair(std::string_view text) {
  if (text.empty() || !is(text[0], starts_name)) return false;
  std::size_t at = 0;
  while (at < text.size() && is(text[at], in_name)) ++at;
  return at < text.size() && text[at] == '=';
}

}  // namespace

void FieldReader::start(std::string_view line) {
  cut_ = line.size() > longest_line;
  line_ = line.substr(0, longest_line);
  at_ = depth_ = words_ = 0;
  apostrophes_ = true;
  name_.clear();
}

bool FieldReader::next(Field& field) {
  Step step = Step::more;
  while (step == Step::more) step = depth_ > 0 ? next_of_json(field) : next_pair(field);
  if (step == Step::over) {
    depth_ = 0;
    at_ = line_.size();
    return false;
  }
  field.name = name_;
  return true;
}

void FieldReader::skip_blanks() {
  while (at_ < line_.size() && is_blank(line_[at_])) ++at_;
}

// What is between the quote at at_ and the one that ends it.
std::optional<std::string_view> FieldReader::quoted(bool& escaped) {
  const std::size_t begin = ++at_;
  escaped = false;
  for (;;) {
    at_ = string_stop(line_, at_);
    if (at_ >= line_.size()) return std::nullopt;
    if (line_[at_] == '"') return line_.substr(begin, at_++ - begin);
    escaped = true;
    at_ += 2;
  }
}

bool FieldReader::opens_object(std::size_t at) const {
  if (at >= line_.size() || line_[at] != '{') return false;
  ++at;
  while (at < line_.size() && is_blank(line_[at])) ++at;
  return at < line_.size() && (line_[at] == '"' || line_[at] == '}');
}

// The container that begins at at_; its names stand behind name_.
void FieldReader::open(bool object) {
  const bool in_list = !object || (depth_ > 0 && opens_[depth_ - 1].in_list);
  opens_[depth_] = {object, true, depth_ > 0 || !name_.empty(), in_list, name_.size()};
  ++depth_;
  ++at_;
}

bool FieldReader::skip_container() {
  std::size_t inside = 0;
  while (at_ < line_.size()) {
    const char c = line_[at_];
    if (c == '"') {
      bool escaped = false;
      if (!quoted(escaped)) return false;
      continue;
    }
    ++at_;
    if (c == '{' || c == '[') ++inside;
    if ((c == '}' || c == ']') && --inside == 0) return true;
  }
  return false;
}

FieldReader::Step FieldReader::next_of_json(Field& field) {
  while (at_ < line_.size() && (is_blank(line_[at_]) || line_[at_] == ',')) ++at_;
  if (at_ >= line_.size()) return Step::over;
  Open& top = opens_[depth_ - 1];
  const char c = line_[at_];
  if (c == '}' || c == ']') return close(c, field);
  top.empty = false;
  name_.resize(top.name_size);
  if (!top.object) return read_value(field);
  bool escaped = false;
  if (c != '"') return Step::over;
  const auto name = quoted(escaped);
  if (!name) return Step::over;
  skip_blanks();
  if (at_ >= line_.size() || line_[at_] != ':') return Step::over;
  ++at_;
  skip_blanks();
  if (top.prefixed) name_ += '.';
  if (escaped) {
    std::string decoded;
    name_ += without_escapes(*name, decoded);
  } else {
    name_ += *name;
  }
  return read_value(field);
}

FieldReader::Step FieldReader::close(char c, Field& field) {
  const Open& top = opens_[--depth_];
  if (top.object != (c == '}')) return Step::over;
  ++at_;
  name_.resize(top.name_size);
  if (!top.empty || !top.prefixed) return Step::more;
  field = {{}, top.object ? "{}" : "[]", FieldKind::null, false, depth_ > 0 && opens_[depth_ - 1].in_list};
  return Step::found;
}

FieldReader::Step FieldReader::read_value(Field& field) {
  if (at_ >= line_.size()) return Step::over;
  const char c = line_[at_];
  if (c == '{' || c == '[') {
    if (depth_ == max_depth) return skip_container() ? Step::more : Step::over;
    open(c == '{');
    return Step::more;
  }
  field.in_list = opens_[depth_ - 1].in_list;
  field.escaped = false;
  if (c == '"') {
    const auto value = quoted(field.escaped);
    if (!value) return Step::over;
    field.value = *value;
    field.kind = FieldKind::text;
    return Step::found;
  }
  const std::size_t begin = at_;
  while (at_ < line_.size() && !is(line_[at_], ends_bare)) ++at_;
  if (at_ == line_.size() || at_ == begin) return Step::over;  // it may go on behind the break: 12 of 123
  field.value = line_.substr(begin, at_ - begin);
  field.kind = bare_kind(field.value);
  return Step::found;
}

// A name begins where a word does, so that those in addresses (http://x/?a=b) are left alone.
FieldReader::Step FieldReader::next_pair(Field& field) {
  while (at_ < line_.size()) {
    if (opens_object(at_)) {
      name_.clear();
      open(true);
      return Step::more;
    }
    if (is(line_[at_], parts_words)) {
      ++at_;
      continue;
    }
    const std::size_t begin = at_;
    if (is(line_[at_], starts_name)) {
      while (at_ < line_.size() && is(line_[at_], in_name)) ++at_;
      if (at_ < line_.size() && line_[at_] == '=' && (at_ + 1 == line_.size() || line_[at_ + 1] != '=')) {
        name_.assign(line_.substr(begin, at_ - begin));
        ++at_;
        if (!opens_object(at_)) return read_pair_value(field);
        open(true);
        return Step::more;
      }
    }
    ++words_;
    while (at_ < line_.size() && !is(line_[at_], parts_words)) ++at_;
  }
  return Step::over;
}

FieldReader::Step FieldReader::read_pair_value(Field& field) {
  field.in_list = field.escaped = false;
  field.kind = FieldKind::text;
  const std::size_t begin = at_;
  const char quote = at_ < line_.size() ? line_[at_] : ' ';
  if (quote == '"') {
    const auto value = quoted(field.escaped);
    if (!value) return Step::over;
    field.value = *value;
    return Step::found;
  }
  if (quote == '\'' && apostrophes_) {
    const std::size_t end = line_.find('\'', at_ + 1);
    apostrophes_ = end != std::string_view::npos;
    if (apostrophes_) {
      field.value = line_.substr(begin + 1, end - begin - 1);
      at_ = end + 1;
      return Step::found;
    }
  }
  for (; at_ < line_.size() && !is_blank(line_[at_]); ++at_) {
    if ((line_[at_] == ',' || line_[at_] == ';') && opens_pair(line_.substr(at_ + 1))) break;
  }
  if (at_ == line_.size() && cut_) return Step::over;
  field.value = without_punctuation(line_.substr(begin, at_ - begin));
  field.kind = bare_kind(field.value);
  return Step::found;
}

}  // namespace conclave::logs
