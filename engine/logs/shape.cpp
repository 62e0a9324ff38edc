// What is a parameter? A word that holds a digit (numbers, addresses, block and request ids, versions, hexadecimal); a path, a
// URL, the name of a host, a mail address; a quoted string; true, null and the like as the value of a key. Words are split at
// = : , ; ( ) [ ] { } < > | and quotes, so that the signs around a parameter stay and tell shapes apart. Some parameters hold
// such signs, or a blank, and are recognised first: hexadecimal groups (MAC, IPv6), URLs, C:\x, objects as Java prints them
// (key=Name{...}), properties (a.b=what follows), sizes with a unit. Neighbours joined by : , ; are one parameter: an address
// with a port, a time, a list, whatever its length; so are three and more with only blanks between them, and two paths,
// addresses or numbered names of one series (blk_1 blk_2). The request line of HTTP keeps its method, which names what was done.
// What only a comparison of many lines can tell is left to template_groups.h.
#include "engine/logs/shape.h"

#include <algorithm>
#include <cstring>

#include "engine/logs/word_kind.h"

namespace conclave::logs {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_blank(char c) { return class_of(c) == byte_blank; }

// The letters that a numbered name begins with: "blk" of blk_-512; empty if they are fewer than two.
std::string_view series_of(std::string_view word) {
  std::size_t end = 0;
  while (end < word.size() && is_letter(word[end])) ++end;
  return end >= 2 ? word.substr(0, end) : std::string_view();
}

// Length of the method that an HTTP request begins with, with its blank; 0 for another text.
std::size_t http_method(std::string_view text) {
  constexpr std::array<std::string_view, 8> methods = {"GET ",   "PUT ",    "HEAD ",    "POST ",
                                                       "PATCH ", "DELETE ", "OPTIONS ", "CONNECT "};
  for (const std::string_view method : methods) {
    if (text.starts_with(method)) return method.size();
  }
  return 0;
}

// End of the balanced {...} that begins at `at`; 0 if it is not closed.
std::size_t braces_end(std::string_view text, std::size_t at) {
  int depth = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return i + 1;
  }
  return 0;
}

bool is_property_name(std::string_view word, std::uint8_t classes) {
  return (classes & byte_dot) != 0 && (classes & (byte_digit | byte_slash | byte_rare | byte_upper)) == 0 && word.front() != '.';
}

}  // namespace

std::string_view parameter_kind_name(ParameterKind kind) {
  constexpr std::array<std::string_view, parameter_kind_count> names = {"num", "hex",  "id",   "ip",  "host", "path",
                                                                        "url", "uuid", "time", "str", "word", "*"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view ShapeMaker::make(std::string_view message) {
  const bool cut = message.size() > max_shape_input;
  if (cut) {
    constexpr std::size_t longest_half_word = 256;
    std::size_t end = max_shape_input;
    while (end > max_shape_input - longest_half_word && !is_blank(message[end - 1])) --end;
    message = message.substr(0, is_blank(message[end - 1]) ? end : max_shape_input);
  }
  text_ = message;
  at_ = run_begin_ = run_end_ = row_ = size_ = 0;
  space_ = false;
  json_ = message.starts_with('{');
  parameters_.clear();
  while (at_ < text_.size()) {
    const std::uint8_t kind = class_of(text_[at_]);
    if (kind == byte_blank) {
      space_ = size_ > 0 || run_end_ > run_begin_;
      ++at_;
    } else if (kind == byte_sign) {
      take_sign(text_[at_]);
    } else if (kind == byte_dot && at(at_ + 1) == '.' && at(at_ + 2) != '/') {
      at_ = std::min(text_.find_first_not_of('.', at_), text_.size());
      put_literal("..");
    } else {
      take_word();
    }
  }
  if (cut && (parameters_.empty() || run_begin_ < run_end_)) {
    space_ = true;
    put_literal(parameter);
    parameters_.push_back({text_.size(), text_.size(), ParameterKind::mixed});
  }
  flush();
  return {out_.data(), size_};
}

void ShapeMaker::flush() {
  std::memcpy(out_.data() + size_, text_.data() + run_begin_, run_end_ - run_begin_);
  size_ += run_end_ - run_begin_;
  run_begin_ = run_end_;
}

// As it is; a run of pieces with single blanks between them is copied at once.
void ShapeMaker::put(std::size_t begin, std::size_t end) {
  if (run_end_ > run_begin_ && (space_ ? run_end_ + 1 == begin && text_[run_end_] == ' ' : run_end_ == begin)) {
    run_end_ = end;
  } else {
    flush();
    if (space_) out_[size_++] = ' ';
    run_begin_ = begin;
    run_end_ = end;
  }
  space_ = false;
}

void ShapeMaker::put_literal(std::string_view literal) {
  flush();
  if (space_) out_[size_++] = ' ';
  space_ = false;
  std::memcpy(out_.data() + size_, literal.data(), literal.size());
  size_ += literal.size();
}

void ShapeMaker::put_parameter(std::size_t begin, std::size_t end, ParameterKind kind) {
  if (joins_last(begin, end, kind)) {
    // Signs between the two may be in the run already: they belong to the joined parameter now.
    run_end_ = run_begin_;
    space_ = false;
    return;
  }
  put_literal(parameter);
  parameters_.push_back({begin, end, kind});
}

bool ShapeMaker::joins_last(std::size_t begin, std::size_t end, ParameterKind kind) {
  const bool blanks_only = !parameters_.empty() && run_begin_ == run_end_ &&
                           std::all_of(text_.begin() + static_cast<std::ptrdiff_t>(parameters_.back().end),
                                       text_.begin() + static_cast<std::ptrdiff_t>(begin), is_blank);
  if (!blanks_only) {
    row_ = 1;
    if (parameters_.empty()) return false;
    ShapeParameter& last = parameters_.back();
    std::size_t back = begin;
    while (back > last.end && is_blank(text_[back - 1])) --back;
    if (back < begin && (back == last.end || text_[back - 1] != ',')) return false;
    for (std::size_t i = last.end; i < back; ++i) {
      if (text_[i] != ':' && text_[i] != ',' && text_[i] != ';') return false;
    }
    const bool colon = back > last.end && text_[back - 1] == ':';
    const bool port = colon && kind == ParameterKind::number;
    if (port && (last.kind == ParameterKind::number || last.kind == ParameterKind::time)) {
      last.kind = ParameterKind::time;
    } else if (!(port && (last.kind == ParameterKind::address || last.kind == ParameterKind::host)) && last.kind != kind) {
      last.kind = ParameterKind::mixed;
    }
    last.end = end;
    return true;
  }
  ShapeParameter& last = parameters_.back();
  const bool date =
      last.kind == ParameterKind::time && begin > last.end && (kind == ParameterKind::time || kind == ParameterKind::number);
  const std::string_view series = kind == ParameterKind::id ? series_of(text_.substr(begin, end - begin)) : std::string_view();
  const bool listed =
      last.kind == kind && (kind == ParameterKind::path || kind == ParameterKind::url || kind == ParameterKind::uuid ||
                            kind == ParameterKind::address || kind == ParameterKind::hex);
  const bool numbered = !series.empty() && last.kind == kind && series_of(text_.substr(last.begin)) == series;
  ++row_;
  if (begin == last.end || listed || numbered || date || row_ >= 3) {
    if (last.kind != kind && !date) last.kind = ParameterKind::mixed;
    if (listed || numbered || date) --row_;
    last.end = end;
    return true;
  }
  return false;
}

void ShapeMaker::take_sign(char sign) {
  if ((sign == '"' || sign == '\'') && !json_ && take_quoted(sign)) return;
  if (sign == '(' && space_ && at(at_ + 1) == ')') {  // an empty parameter
    put(at_, at_ + 1);
    put_literal(parameter);
    parameters_.push_back({at_ + 1, at_ + 1, ParameterKind::mixed});
    put(at_ + 1, at_ + 2);
    at_ += 2;
    return;
  }
  if (sign == '[') {
    if (const std::size_t end = bracketed_address_end(text_, at_)) {
      put_parameter(at_, end, ParameterKind::address);
      at_ = end;
      return;
    }
  }
  if (sign == '<' && (space_ || at_ == 0) && is_digit(at(at_ + 1))) {
    if (const std::size_t end = less_than_time_end(text_, at_)) {
      put_parameter(at_, end, ParameterKind::time);
      at_ = end;
      return;
    }
  }
  put(at_, at_ + 1);
  ++at_;
}

void ShapeMaker::take_word() {
  std::size_t end = at_;
  std::uint8_t classes = 0;
  for (; end < text_.size(); ++end) {
    const std::uint8_t kind = class_of(text_[end]);
    if ((kind & (byte_blank | byte_sign)) != 0 || (kind == byte_dot && at(end + 1) == '.' && at(end + 2) != '/')) break;
    classes |= kind;
  }
  const char next = at(end);
  if (class_of(next) == byte_sign && take_composite(end)) return;
  std::size_t last = end;
  while (last > at_ && (text_[last - 1] == '.' || text_[last - 1] == '!' || text_[last - 1] == '?')) --last;
  if (last == at_) last = end;
  const std::string_view word = text_.substr(at_, last - at_);
  constexpr std::uint8_t telling = byte_digit | byte_slash | byte_dot | byte_rare;
  std::optional<ParameterKind> kind;
  if ((classes & telling) != 0 || word.size() >= 8) {
    kind = kind_of_word(word, classes, at_ == 0, last == end ? text_.substr(end, 2) : std::string_view());
  } else if (word.size() <= 5 && may_be_value() && is_plain_value(word)) {
    kind = ParameterKind::text;
  } else if (word.size() == 3 && is_calendar_word(word) && date_follows(last)) {
    kind = ParameterKind::time;
  } else if (word.size() <= 4 && follows_time() && is_time_zone(word)) {
    kind = ParameterKind::time;
  }
  if (kind) {
    std::size_t stop = last;
    if (*kind == ParameterKind::number && last == end) stop = end = last = byte_unit_end(text_, end);
    put_parameter(at_, stop, *kind);
    if (last < end) put(last, end);
  } else {
    put(at_, end);
  }
  at_ = end;
}

// A parameter that holds signs and begins with the word [at_, end).
bool ShapeMaker::take_composite(std::size_t end) {
  const std::string_view word = text_.substr(at_, end - at_);
  std::size_t stop = 0;
  ParameterKind kind = ParameterKind::mixed;
  const char next = text_[end];
  if (next == ':' && at(end + 1) == '/' && at(end + 2) == '/' && is_letter(word.front())) {
    stop = end + 3;
    while (stop < text_.size() && !is_blank(text_[stop]) &&
           std::string_view("\"'<>|)]},;").find(text_[stop]) == std::string_view::npos)
      ++stop;
    while (text_[stop - 1] == '.' || text_[stop - 1] == ':') --stop;
    kind = ParameterKind::url;
  } else if (next == ':' && word.size() == 1 && is_letter(word.front()) && at(end + 1) == '\\') {
    stop = end + 1;
    while (stop < text_.size() && !is_blank(text_[stop]) &&
           std::string_view("\"'<>|,;()").find(text_[stop]) == std::string_view::npos)
      ++stop;
    kind = ParameterKind::path;
  } else if (next == ':' && word.size() <= 4) {
    stop = hex_groups_end(text_, at_);
    kind = ParameterKind::address;
  } else if (next == '[' && word.ends_with('-')) {
    stop = host_range_end(text_, end);
    kind = ParameterKind::id;
  } else if (next == '{' && at_ > 0 && text_[at_ - 1] == '=') {
    stop = braces_end(text_, end);
    kind = ParameterKind::text;
  } else if (next == '=' && at_ > 0 && text_[at_ - 1] == ':') {
    std::uint8_t classes = 0;
    for (const char c : word) classes |= class_of(c);
    if (is_property_name(word, classes)) stop = text_.size();
  }
  if (stop == 0) return false;
  put_parameter(at_, stop, kind);
  at_ = stop;
  return true;
}

// Behind '=' or '(', or behind such a value.
bool ShapeMaker::may_be_value() const {
  std::size_t before = at_;
  while (before > 0 && is_blank(text_[before - 1])) --before;
  if (before == 0) return false;
  if (text_[before - 1] == '=' || text_[before - 1] == '(') return true;
  return !parameters_.empty() && parameters_.back().end == before && parameters_.back().kind == ParameterKind::text;
}

bool ShapeMaker::follows_time() const {
  return space_ && run_begin_ == run_end_ && !parameters_.empty() && parameters_.back().kind == ParameterKind::time;
}

// "Jun 20", "Mon Jun 20"
bool ShapeMaker::date_follows(std::size_t at) const {
  while (at < text_.size() && is_blank(text_[at])) ++at;
  return at < text_.size() && (is_digit(text_[at]) || is_calendar_word(text_.substr(at, 3)));
}

bool ShapeMaker::take_quoted(char quote) {
  constexpr std::size_t longest = 512;
  const auto in_word = [&](std::size_t i) { return is_letter(at(i)) || is_digit(at(i)); };
  if (at_ > 0 && in_word(at_ - 1)) return false;
  const std::size_t end = text_.substr(0, std::min(text_.size(), at_ + longest)).find(quote, at_ + 1);
  if (end == std::string_view::npos || in_word(end + 1)) return false;
  put(at_, at_ + 1);
  std::size_t begin = at_ + 1;
  if (const std::size_t method = http_method(text_.substr(begin, end - begin))) {
    put(begin, begin + method);
    begin += method;
  }
  put_literal(parameter);
  parameters_.push_back({begin, end, ParameterKind::text});
  put(end, end + 1);
  at_ = end + 1;
  return true;
}

std::vector<ShapeToken> split_shape(std::string_view shape) {
  std::vector<ShapeToken> tokens;
  bool space = false;
  for (std::size_t at = 0; at < shape.size();) {
    if (shape[at] == ' ') {
      space = true;
      ++at;
      continue;
    }
    std::size_t end = at + 1;
    if (shape.substr(at, parameter.size()) == parameter) {
      end = at + parameter.size();
    } else if (class_of(shape[at]) != byte_sign) {
      while (end < shape.size() && shape[end] != ' ' && class_of(shape[end]) != byte_sign) ++end;
    }
    tokens.push_back({shape.substr(at, end - at), space});
    space = false;
    at = end;
  }
  return tokens;
}

void make_shape(std::string_view message, std::string& out) { out = ShapeMaker().make(message); }

}  // namespace conclave::logs
