#include "engine/config/variables.h"

#include <algorithm>
#include <utility>

#include "engine/base/text.h"
#include "engine/config/letters.h"
#include "engine/config/read_file.h"

namespace conclave::config {
namespace {

bool starts_name(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }
bool in_name(char c) { return starts_name(c) || (c >= '0' && c <= '9'); }

std::string_view name_at(std::string_view text) {
  if (text.empty() || !starts_name(text.front())) return {};
  return text.substr(0, static_cast<std::size_t>(std::ranges::find_if_not(text, in_name) - text.begin()));
}

// Recursive over what stands in braces.
class Interpolation {
 public:
  Interpolation(const Variables& variables, const Location& at, Reading& reading)
      : variables_(variables), at_(at), reading_(reading) {}

  std::string run(std::string_view text, int depth = 0) {
    std::string out;
    while (!text.empty()) {
      const std::size_t dollar = std::min(text.find('$'), text.size());
      out += text.substr(0, dollar);
      text.remove_prefix(dollar);
      if (text.empty()) break;
      text.remove_prefix(1);
      if (text.starts_with('$')) {
        out += '$';
        text.remove_prefix(1);
      } else if (text.starts_with('{')) {
        if (!braces(text, depth, out)) return out;
      } else if (const std::string_view name = name_at(text); !name.empty()) {
        text.remove_prefix(name.size());
        put(out, value_of(name));
      } else {
        bad("a single dollar sign");
        out += '$';
      }
    }
    return out;
  }

 private:
  static constexpr int deepest = 16;

  // `text` begins with '{' and moves behind its '}'.
  bool braces(std::string_view& text, int depth, std::string& out) {
    const std::size_t end = closing(text);
    if (end == std::string_view::npos || depth > deepest)
      return bad(depth > deepest ? "variables nested too deep" : "a ${ that is not closed");
    std::string_view inner = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    const std::string_view name = name_at(inner);
    if (name.empty()) return bad("${ without the name of a variable");
    inner.remove_prefix(name.size());
    const auto found = variables_.find(name);
    if (inner.empty()) return put(out, value_of(name));
    const bool or_empty = inner.starts_with(':');
    if (or_empty) inner.remove_prefix(1);
    const bool there = found != variables_.end() && !(or_empty && found->second.empty());
    const char verb = inner.empty() ? '\0' : inner.front();
    if (!inner.empty()) inner.remove_prefix(1);
    switch (verb) {
      case '-':
        return there ? put(out, found->second) : put(out, run(inner, depth + 1));
      case '+':
        return !there || put(out, run(inner, depth + 1));
      case '?':
        if (there) return put(out, found->second);
        report(Severity::error, "missing-variable", "variable " + shown_name(name) + " must have a value", "set it in .env");
        return true;
      default:
        return bad("something unknown behind the name of variable " + shown_name(name));
    }
  }

  static std::size_t closing(std::string_view text) {
    int open = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '{')
        ++open, ++i;
      else if (text[i] == '{' && i == 0)
        ++open;
      else if (text[i] == '}' && --open == 0)
        return i;
    }
    return std::string_view::npos;
  }

  std::string value_of(std::string_view name) {
    const auto found = variables_.find(name);
    if (found != variables_.end()) return found->second;
    report(Severity::warning, "undefined-variable", "variable " + shown_name(name) + " is set nowhere; it is empty",
           "set it in .env, or write a default behind :-");
    return {};
  }

  bool put(std::string& out, const std::string& value) {
    if (reading_.afford(value.size(), at_)) out += value;
    return true;
  }

  // A value may hold as many mistakes as it has bytes.
  void report(Severity severity, std::string rule, std::string message, std::string fix) {
    constexpr std::size_t about = 500;
    if (reading_.afford(about, at_)) reading_.problem(severity, at_, std::move(rule), std::move(message), std::move(fix));
  }

  bool bad(const std::string& what) {
    report(Severity::error, "bad-interpolation", what, "write $$ for a dollar sign");
    return false;
  }

  const Variables& variables_;
  const Location& at_;
  Reading& reading_;
};

class VariableFile {
 public:
  VariableFile(std::string_view text, const std::string& name, const std::function<void(const Location&, std::string)>& problem)
      : text_(text), name_(name), problem_(problem) {}

  std::vector<Variable> run() {
    while (at_ < text_.size()) {
      line();
      skip_line();
    }
    return std::move(variables_);
  }

 private:
  void line() {
    blanks();
    if (at_end_of_line() || text_[at_] == '#') return;
    if (text_.substr(at_).starts_with("export ")) at_ += 7, blanks();
    const Location here{name_, line_, static_cast<int>(at_ - line_begin_) + 1};
    const std::size_t end = std::min(text_.find_first_of("=\n", at_), text_.size());
    std::string_view name = text_.substr(at_, end - at_);
    name = name.substr(0, name.find_last_not_of(" \t\r") + 1);
    if (end == text_.size() || text_[end] != '=') {
      if (name.find_first_of(" \t") != std::string_view::npos) problem_(here, "this line is not NAME=value");
      return;  // a name alone is handed on from the environment
    }
    if (name.empty() || name.find_first_of(" \t\"'") != std::string_view::npos)
      return problem_(here, "this line is not NAME=value");
    at_ = end + 1;
    blanks();
    variables_.push_back({std::string(name), value(here), here});
  }

  std::string value(const Location& here) {
    if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) return quoted(here);
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    std::string_view rest = text_.substr(at_, end - at_);
    if (rest.starts_with('#')) return {};
    rest = rest.substr(0, std::min(rest.find(" #"), rest.find("\t#")));
    return std::string(rest.substr(0, rest.find_last_not_of(" \t\r") + 1));
  }

  std::string quoted(const Location& here) {
    const char quote = text_[at_];
    std::string out;
    for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
      if (text_[i] == quote) {
        count_lines(i);
        return out;
      }
      if (quote == '"' && text_[i] == '\\' && i + 1 < text_.size()) {
        const char next = text_[++i];
        out += next == 'n' ? '\n' : next == 't' ? '\t' : next == 'r' ? '\r' : next;
      } else {
        out += text_[i];
      }
    }
    problem_(here, "a quote that is not closed");
    count_lines(text_.size());
    return out;
  }

  void count_lines(std::size_t until) {
    for (; at_ < until; ++at_)
      if (text_[at_] == '\n') ++line_, line_begin_ = at_ + 1;
  }
  void blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  [[nodiscard]] bool at_end_of_line() const { return at_ >= text_.size() || text_[at_] == '\n' || text_[at_] == '\r'; }
  void skip_line() { count_lines(std::min(std::min(text_.find('\n', at_), text_.size() - 1) + 1, text_.size())); }

  std::string_view text_;
  const std::string& name_;
  const std::function<void(const Location&, std::string)>& problem_;
  std::vector<Variable> variables_;
  std::size_t at_ = 0;
  std::size_t line_begin_ = 0;
  int line_ = 1;
};

}  // namespace

std::vector<Variable> read_variables(std::string_view text, const std::string& file_name,
                                     const std::function<void(const Location&, std::string)>& problem) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return VariableFile(text, file_name, problem).run();
}

Result<std::vector<Variable>> read_variables_beside(const std::string& name, const Location& at, Reading& reading) {
  constexpr std::size_t max_bytes = std::size_t{1} << 20U;
  const std::filesystem::path path = reading.within / name;
  return read_beside(reading.folder, path.native(), max_bytes).map([&](const std::string& text) {
    if (!reading.afford(text.size(), at)) return std::vector<Variable>{};
    bool complained = false;
    const auto complain = [&](const Location& line, const std::string& what) {
      if (!std::exchange(complained, true)) reading.problem(Severity::warning, at, "wrong-type", line.text() + ": " + what);
    };
    return read_variables(valid_utf8(text), (reading.folder / path).lexically_normal().native(), complain);
  });
}

std::string interpolated(std::string_view text, const Variables& variables, const Location& at, Reading& reading) {
  return Interpolation(variables, at, reading).run(text);
}

void interpolate(Node& node, const Variables& variables, Reading& reading) {
  if (node.kind == NodeKind::scalar && node.scalar.find('$') != std::string::npos)
    node.scalar = interpolated(node.scalar, variables, node.location, reading);
  for (Node& item : node.items) interpolate(item, variables, reading);
  for (auto& [key, value] : node.entries) interpolate(value, variables, reading);
}

}  // namespace conclave::config
