// Recursive descent, one function per precedence: either, both, not, primary. Columns count characters, not bytes.
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "engine/base/text.h"
#include "engine/logs/expression.h"
#include "engine/logs/fields.h"
#include "engine/logs/line_regex.h"

namespace conclave::logs {
namespace {

constexpr std::size_t longest_expression = std::size_t{64} << 10U;
constexpr int deepest_nesting = 100;

constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }

bool has_capital(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

class Parser {
 public:
  Parser(std::string_view text, bool any_case) : text_(text), any_case_(any_case) {}

  Result<Expression> run() {
    skip_blanks();
    if (at_ == text_.size()) return error(at_, "nothing to search for; * is every line");
    auto whole = any_of();
    if (whole && at_ < text_.size()) return error(at_, "a ')' without its '('");
    return whole;
  }

 private:
  [[nodiscard]] tl::unexpected<Error> error(std::size_t at, std::string message) const {
    const auto column = 1 + std::count_if(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at),
                                          [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
    return fail(ErrorKind::parse, std::move(message), "expression:1:" + std::to_string(column));
  }

  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }

  // A word of the language, which must end there.
  bool accept(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    const std::size_t end = at_ + word.size();
    const bool letters = word[0] >= 'A' && word[0] <= 'Z';
    if (letters && end < text_.size() && !is_blank(text_[end]) && text_[end] != '(' && text_[end] != ')') return false;
    at_ = end;
    skip_blanks();
    return true;
  }

  Result<Expression> any_of() {
    auto left = all_of();
    while (left && (accept("OR") || accept("||"))) {
      auto right = all_of();
      if (!right) return right;
      left = either(std::move(*left), *right);
    }
    return left;
  }

  Result<Expression> all_of() {
    auto left = no_or_one();
    while (left && at_ < text_.size() && text_[at_] != ')') {
      const std::size_t before = at_;
      if (accept("OR") || accept("||")) {
        at_ = before;
        break;
      }
      (void)(accept("AND") || accept("&&"));
      auto right = no_or_one();
      if (!right) return right;
      left = both(std::move(*left), *right);
    }
    return left;
  }

  Result<Expression> no_or_one() {
    bool negative = false;
    while (accept("NOT") || accept("!")) negative = !negative;
    auto found = primary();
    return found && negative ? negated(std::move(*found)) : found;
  }

  Result<Expression> primary() {
    if (at_ == text_.size()) return error(at_, "something to search for is missing at the end");
    const std::size_t begin = at_;
    for (const std::string_view word : {"AND", "OR", "&&", "||"}) {
      if (accept(word))
        return error(begin, "something to search for is missing before " + std::string(word) + "; \"" + std::string(word) +
                                "\" in quotes is a text");
    }
    if (text_[at_] == ')') return error(at_, "something to search for is missing before ')'");
    Result<Expression> found = text_[at_] == '(' ? group() : text_[at_] == '"' ? quoted() : text_[at_] == '/' ? regex() : word();
    skip_blanks();
    return found;
  }

  Result<Expression> group() {
    const std::size_t open = at_++;
    if (++depth_ > deepest_nesting) return error(open, "too many '(' inside each other");
    skip_blanks();
    auto inner = any_of();
    if (!inner) return inner;
    if (at_ == text_.size()) return error(open, "this '(' is never closed");
    ++at_;
    --depth_;
    return inner;
  }

  Result<std::string> in_quotes() {
    const std::size_t open = at_++;
    std::string inner;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return inner;
      }
      const bool escape = c == '\\' && at_ + 1 < text_.size() && (text_[at_ + 1] == '"' || text_[at_ + 1] == '\\');
      if (escape) ++at_;
      inner += text_[at_];
    }
    return error(open, "this quote is never closed");
  }

  Result<Expression> literal(std::string text) const {
    const bool any_case = any_case_ || !has_capital(text);
    return Expression::of(TextPattern{std::move(text), false, any_case});
  }

  Result<Expression> quoted() {
    const std::size_t open = at_;
    auto text = in_quotes();
    if (!text) return tl::unexpected(text.error());
    if (text->empty()) return error(open, "an empty text; * is every line");
    return literal(std::move(*text));
  }

  Result<Expression> regex() {
    const std::size_t open = at_++;
    TextPattern pattern{{}, true, any_case_};
    for (; at_ < text_.size() && text_[at_] != '/'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        if (text_[at_ + 1] != '/') pattern.text += '\\';  // "\/" is a slash
        ++at_;
      }
      pattern.text += text_[at_];
    }
    if (at_ == text_.size()) return error(open, "this /regular expression/ is never closed; put a text with slashes in quotes");
    for (++at_; at_ < text_.size() && !is_blank(text_[at_]) && text_[at_] != ')'; ++at_) {
      if (text_[at_] != 'i') return error(at_, "a regular expression has the flag i only; put a text with slashes in quotes");
      pattern.any_case = true;
    }
    const auto compiled = LineRegex::compile(pattern.text, pattern.any_case);
    if (!compiled) return error(open, compiled.error().message);
    return Expression::of(std::move(pattern));
  }

  Result<Expression> word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && !is_blank(text_[at_]) && text_[at_] != '(' && text_[at_] != ')') {
      if (text_[at_] == ':') {
        const std::string_view key = text_.substr(begin, at_ - begin);
        if (key == "field") return field();
        if (key == "level" || key == "since" || key == "until" || key == "template") return filter(key);
      }
      if (text_.substr(begin, at_ + 2 - begin) == "level>=") {
        --at_;
        return filter("level");
      }
      ++at_;
    }
    const std::string_view found = text_.substr(begin, at_ - begin);
    if (found == "*") return Expression::of(EveryLine{});
    return literal(std::string(found));
  }

  Result<Expression> filter(std::string_view key) {
    const std::size_t begin = ++at_;
    std::string value;
    if (at_ < text_.size() && text_[at_] == '"') {
      auto inner = in_quotes();
      if (!inner) return tl::unexpected(inner.error());
      value = std::move(*inner);
    } else {
      while (at_ < text_.size() && !is_blank(text_[at_]) && text_[at_] != ')') value += text_[at_++];
    }
    if (value.empty()) return error(begin, "a value is missing behind " + std::string(key) + ":");
    if (key == "level") {
      const auto level = parse_level_filter(value);
      if (!level) return error(begin, level.error().message);
      return Expression::of(*level);
    }
    if (key == "template") {
      TemplateFilter id;
      const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), id.id, 16);
      if (failed != std::errc() || end != value.data() + value.size()) {
        return error(begin, "a template is named by its id, such as template:9f3c1e77aa01b2c3");
      }
      return Expression::of(id);
    }
    const std::optional<TimeUs> time = parse_time(value);
    if (!time) return error(begin, "no time such as 2026-03-01T12:00:05Z or 2026-03-01: " + valid_utf8(value));
    return Expression::of(key == "since" ? TimeFilter{time, std::nullopt} : TimeFilter{std::nullopt, time});
  }

  FieldFilter::Test operation() {
    using Test = FieldFilter::Test;
    constexpr std::array<std::pair<std::string_view, Test>, 8> all = {{{"!=", Test::different},
                                                                       {"!~", Test::not_matching},
                                                                       {"<=", Test::at_most},
                                                                       {">=", Test::at_least},
                                                                       {"=", Test::equal},
                                                                       {"~", Test::matching},
                                                                       {"<", Test::less},
                                                                       {">", Test::more}}};
    for (const auto& [sign, test] : all) {
      if (!text_.substr(at_).starts_with(sign)) continue;
      at_ += sign.size();
      return test;
    }
    return Test::there;
  }

  [[nodiscard]] bool at_operation() const {
    const std::string_view rest = text_.substr(at_);
    return std::string_view("=~<>").find(rest[0]) != std::string_view::npos || rest.starts_with("!=") || rest.starts_with("!~");
  }

  // A regular expression may have pairs of parentheses of its own.
  std::string bare_regex() {
    std::string found;
    for (int inside = 0; at_ < text_.size() && !is_blank(text_[at_]); ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        found += text_[at_++];
      } else if (text_[at_] == '(') {
        ++inside;
      } else if (text_[at_] == ')' && --inside < 0) {
        break;
      }
      found += text_[at_];
    }
    return found;
  }

  Result<Expression> field() {
    using Test = FieldFilter::Test;
    const std::size_t begin = ++at_;
    FieldFilter filter;
    if (at_ < text_.size() && text_[at_] == '"') {
      auto name = in_quotes();
      if (!name) return tl::unexpected(name.error());
      filter.name = std::move(*name);
    } else {
      while (at_ < text_.size() && !is_blank(text_[at_]) && text_[at_] != ')' && !at_operation()) filter.name += text_[at_++];
    }
    if (filter.name.empty()) return error(begin, "the name of a field is missing behind field:");
    filter.test = operation();
    if (filter.test == Test::there) return Expression::of(std::move(filter));
    const std::size_t place = at_;
    const bool regex = filter.test == Test::matching || filter.test == Test::not_matching;
    const bool equality = filter.test == Test::equal || filter.test == Test::different;
    const bool quoted = at_ < text_.size() && text_[at_] == '"';
    if (quoted) {
      auto inner = in_quotes();
      if (!inner) return tl::unexpected(inner.error());
      filter.value = std::move(*inner);
    } else if (regex) {
      filter.value = bare_regex();
    } else {
      while (at_ < text_.size() && !is_blank(text_[at_]) && text_[at_] != ')') filter.value += text_[at_++];
    }
    if (!quoted && filter.value.empty()) return error(place, "a value is missing; \"\" is an empty one");
    filter.as_text = quoted && equality;
    if (regex) {
      filter.any_case = any_case_;
      const auto compiled = LineRegex::compile(filter.value, filter.any_case);
      if (!compiled) return error(place, compiled.error().message);
    } else if (!equality && !number_of(filter.value) && !parse_time(filter.value)) {
      return error(place, "only numbers such as 1.5e2 and times such as 2026-03-01T12:00:05Z have an order, not " +
                              valid_utf8(filter.value));
    }
    return Expression::of(std::move(filter));
  }

  std::string_view text_;
  bool any_case_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<Expression> parse_expression(std::string_view text, bool any_case) {
  if (text.size() > longest_expression) return fail(ErrorKind::limit, "the expression is longer than 64 KiB");
  return Parser(text, any_case).run();
}

}  // namespace conclave::logs
