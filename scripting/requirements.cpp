// PEP 508 (https://peps.python.org/pep-0508/) by recursive descent, PEP 440 for versions of Python as far as those go: numbers.
#include "scripting/requirements.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <utility>

namespace conclave::scripting {
namespace {

constexpr std::size_t longest = 1024;
constexpr std::size_t longest_shown = 60;
constexpr std::size_t deepest = 16;
constexpr std::size_t most_locked = 1000;
constexpr std::size_t digest_size = 64;
constexpr std::array<std::string_view, 8> operators{"===", "==", "~=", "!=", "<=", ">=", "<", ">"};
constexpr std::array<std::string_view, 12> variables{
    "python_version",      "python_full_version",    "os_name",
    "sys_platform",        "platform_release",       "platform_system",
    "platform_machine",    "platform_version",       "platform_python_implementation",
    "implementation_name", "implementation_version", "extra"};

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_in_name(char c) { return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.'; }
bool is_in_version(char c) { return is_in_name(c) || c == '*' || c == '+' || c == '!'; }

std::string compared(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == '-' || c == '_' || c == '.') {
      if (!text.ends_with('-')) text += '-';
    } else {
      text += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    }
  }
  return text;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool ended() {
    skip_spaces();
    return rest_.empty();
  }
  bool take(std::string_view token) {
    skip_spaces();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  // Starts and ends with a letter or digit.
  std::optional<std::string> name() {
    const std::string_view text = run_of(is_in_name);
    if (text.empty() || !is_letter_or_digit(text.front()) || !is_letter_or_digit(text.back())) return std::nullopt;
    return std::string(text);
  }
  // "", or ">=1.24,<3" in order.
  std::optional<std::string> specifiers() {
    std::vector<std::string> list;
    const bool bracket = take("(");
    if (!bracket && !ended() && std::string_view("=~!<>").find(rest_.front()) == std::string_view::npos) return "";
    if (ended()) return "";
    do {
      auto one = specifier();
      if (!one) return std::nullopt;
      list.push_back(std::move(*one));
    } while (take(","));
    if (bracket && !take(")")) return std::nullopt;
    std::sort(list.begin(), list.end());
    std::string text;
    for (const std::string& one : list) text += (text.empty() ? "" : ",") + one;
    return text;
  }
  std::optional<std::string> marker(std::size_t depth = 0) {
    auto text = marker_term(depth);
    while (text) {
      const std::string word(word_ahead());
      if (word != "and" && word != "or") break;
      take(word);
      auto next = marker_term(depth);
      if (!next) return std::nullopt;
      *text += " " + word + " " + *next;
    }
    return text;
  }
  std::optional<std::string> specifier() {
    const std::string_view op = one_of(operators);
    if (op.empty()) return std::nullopt;
    const std::string_view version = run_of(is_in_version);
    if (version.empty() || !is_letter_or_digit(version.front())) return std::nullopt;
    return std::string(op) + std::string(version);
  }

 private:
  void skip_spaces() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) rest_.remove_prefix(1);
  }
  template <class Is>
  std::string_view run_of(Is is) {
    skip_spaces();
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is);
    const std::string_view text = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(text.size());
    return text;
  }
  [[nodiscard]] std::string_view word_ahead() {
    skip_spaces();
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), [](char c) { return is_letter_or_digit(c) || c == '_'; });
    return rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
  }
  std::string_view one_of(std::span<const std::string_view> tokens) {
    for (const std::string_view token : tokens) {
      if (take(token)) return token;
    }
    return {};
  }
  std::optional<std::string> marker_term(std::size_t depth) {
    if (depth > deepest) return std::nullopt;
    if (take("(")) {
      auto inner = marker(depth + 1);
      if (!inner || !take(")")) return std::nullopt;
      return "(" + *inner + ")";
    }
    const auto left = marker_value();
    if (!left) return std::nullopt;
    std::string op(one_of(operators));
    if (op.empty()) {
      const bool negated = word_ahead() == "not" && take("not");
      if (word_ahead() != "in" || !take("in")) return std::nullopt;
      op = negated ? "not in" : "in";
    }
    const auto right = marker_value();
    if (!right) return std::nullopt;
    return *left + " " + op + " " + *right;
  }
  // What is quoted has no space, quote or sign that means something to pip in a requirements file.
  std::optional<std::string> marker_value() {
    for (const std::string_view quote : {"\"", "'"}) {
      if (!take(quote)) continue;
      const auto end = rest_.find(quote);
      if (end == std::string_view::npos) return std::nullopt;
      const std::string_view text = rest_.substr(0, end);
      if (!std::all_of(text.begin(), text.end(), is_in_version)) return std::nullopt;
      rest_.remove_prefix(end + 1);
      return "\"" + std::string(text) + "\"";
    }
    const std::string_view word = word_ahead();
    if (std::find(variables.begin(), variables.end(), word) == variables.end()) return std::nullopt;
    take(word);
    return std::string(word);
  }

  std::string_view rest_;
};

tl::unexpected<Error> not_a_requirement(std::string_view text) {
  std::string shown(text.substr(0, longest_shown));
  std::replace_if(
      shown.begin(), shown.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  const bool address = text.find('@') != std::string_view::npos || text.find("//") != std::string_view::npos;
  const bool option = text.starts_with('-');
  return fail(ErrorKind::parse, "'" + shown + "' is no package with versions, such as 'numpy>=1.24'" +
                                    (option    ? ": options of pip are not allowed"
                                     : address ? ": addresses are not allowed"
                                               : ""));
}

struct Version {
  std::vector<int> numbers;
  bool any_below = false;  // ends with .*
};

std::optional<Version> version_of(std::string_view text) {
  Version version;
  if (text.ends_with(".*")) {
    version.any_below = true;
    text.remove_suffix(2);
  }
  while (version.numbers.size() < 8) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 0) return std::nullopt;
    version.numbers.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty()) return version;
    if (!text.starts_with('.')) return std::nullopt;
    text.remove_prefix(1);
  }
  return std::nullopt;
}

// Missing numbers count as 0.
int compare(std::span<const int> a, std::span<const int> b) {
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const int left = i < a.size() ? a[i] : 0;
    const int right = i < b.size() ? b[i] : 0;
    if (left != right) return left < right ? -1 : 1;
  }
  return 0;
}

bool begins_with(std::span<const int> version, std::span<const int> prefix) {
  return compare(version.first(std::min(version.size(), prefix.size())), prefix) == 0;
}

std::optional<bool> fits(std::span<const int> python, std::string_view specifier) {
  const std::size_t at = specifier.find_first_of("0123456789");
  const std::string_view op = specifier.substr(0, at);
  const auto version = version_of(at == std::string_view::npos ? "" : specifier.substr(at));
  if (!version || (version->any_below && op != "==" && op != "!=")) return std::nullopt;
  const std::span<const int> wanted = version->numbers;
  const int order = compare(python, wanted);
  if (op == "==" || op == "===") return version->any_below ? begins_with(python, wanted) : order == 0;
  if (op == "!=") return version->any_below ? !begins_with(python, wanted) : order != 0;
  if (op == "<=") return order <= 0;
  if (op == ">=") return order >= 0;
  if (op == "<") return order < 0;
  if (op == ">") return order > 0;
  if (wanted.size() < 2) return std::nullopt;  // ~=3 means nothing
  return order >= 0 && begins_with(python, wanted.first(wanted.size() - 1));
}

// "sha256:<64 hex digits>".
bool is_hash(std::string_view text) {
  constexpr std::string_view kind = "sha256:";
  if (!text.starts_with(kind) || text.size() != kind.size() + digest_size) return false;
  return std::all_of(text.begin() + kind.size(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t first = line.find_first_not_of(" \t");
    if (first == std::string_view::npos) return words;
    const std::size_t end = std::min(line.find_first_of(" \t", first), line.size());
    words.push_back(line.substr(first, end - first));
    line.remove_prefix(end);
  }
}

// One whole line of a lock: "name==1.0 ; marker --hash=sha256:... --hash=...".
Result<Requirement> locked(std::string_view line) {
  constexpr std::string_view option = "--hash=";
  std::string wanted;
  std::string hashes;
  for (const std::string_view word : words_of(line)) {
    const bool is_option = word.starts_with('-') && !wanted.empty();
    if (!is_option && !hashes.empty())
      return fail(ErrorKind::parse, "only hashes may follow a hash, not '" + std::string(word) + "'");
    if (!is_option) {
      wanted.append(wanted.empty() ? "" : " ").append(word);
    } else if (word.starts_with(option) && is_hash(word.substr(option.size()))) {
      hashes.append(" ").append(word);
    } else {
      return fail(ErrorKind::parse, "after '" + wanted + "' only --hash=sha256: with 64 hex digits is allowed");
    }
  }
  auto requirement = parse_requirement(wanted);
  if (!requirement) return requirement;
  const std::string& pin = requirement->specifiers;
  if (!pin.starts_with("==") || pin.starts_with("===") || pin.find_first_of(",*") != std::string::npos)
    return fail(ErrorKind::parse, "'" + requirement->name + "' must be one version, as in 'numpy==1.26.4'");
  if (hashes.empty()) return fail(ErrorKind::parse, "'" + requirement->name + "' has no --hash=sha256:... of its wheel");
  requirement->text += hashes;
  return requirement;
}

}  // namespace

Result<Requirement> parse_requirement(std::string_view text) {
  if (text.size() > longest) return fail(ErrorKind::parse, "a requirement longer than " + std::to_string(longest) + " bytes");
  Parser parser(text);
  const auto name = parser.name();
  if (!name) return not_a_requirement(text);
  Requirement requirement{compared(*name), {}, {}, compared(*name)};
  if (parser.take("[") && !parser.take("]")) {
    std::vector<std::string> extras;
    do {
      const auto extra = parser.name();
      if (!extra) return not_a_requirement(text);
      extras.push_back(compared(*extra));
    } while (parser.take(","));
    if (!parser.take("]")) return not_a_requirement(text);
    std::sort(extras.begin(), extras.end());
    for (std::size_t i = 0; i < extras.size(); ++i) requirement.text += (i == 0 ? "[" : ",") + extras[i];
    requirement.text += "]";
  }
  auto specifiers = parser.specifiers();
  if (!specifiers) return not_a_requirement(text);
  requirement.specifiers = std::move(*specifiers);
  requirement.text += requirement.specifiers;
  if (parser.take(";")) {
    auto marker = parser.marker();
    if (!marker) return not_a_requirement(text);
    requirement.marker = std::move(*marker);
    requirement.text += " ; " + requirement.marker;
  }
  if (!parser.ended()) return not_a_requirement(text);
  return requirement;
}

Result<std::vector<Requirement>> parse_lock(std::string_view text, const std::string& file_name) {
  std::vector<Requirement> list;
  std::string line;
  int number = 0;
  int first_number = 1;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view piece = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.empty()) first_number = number;
    if (piece.ends_with('\r')) piece.remove_suffix(1);
    if (const std::size_t comment = piece.find('#'); comment != std::string_view::npos) {
      piece = piece.substr(0, comment == 0 || piece[comment - 1] == ' ' || piece[comment - 1] == '\t' ? comment : piece.size());
    }
    const bool continued = piece.ends_with('\\');
    if (continued) piece.remove_suffix(1);
    line.append(" ").append(piece);
    if (continued && !text.empty()) continue;
    if (!words_of(line).empty()) {
      auto one = locked(line);
      if (!one) return fail(ErrorKind::parse, std::move(one.error().message), file_name + ":" + std::to_string(first_number));
      list.push_back(std::move(*one));
      if (list.size() > most_locked)
        return fail(ErrorKind::parse, "more than " + std::to_string(most_locked) + " packages", file_name);
    }
    line.clear();
  }
  return list;
}

Result<bool> fits_python(std::string_view specifiers) {
  const auto python = version_of(python_version());
  std::string why = "'";
  why.append(specifiers.substr(0, longest_shown)).append("' is no list of versions such as '>=3.11,<3.13'");
  Parser parser(specifiers);
  bool all = true;
  while (!parser.ended()) {
    const auto one = parser.specifier();
    if (!one) return fail(ErrorKind::parse, why);
    const auto fitting = fits(python->numbers, *one);
    if (!fitting) return fail(ErrorKind::parse, why);
    all = all && *fitting;
    if (!parser.take(",") && !parser.ended()) return fail(ErrorKind::parse, why);
  }
  return all;
}

std::string_view python_version() { return CONCLAVE_PYTHON_VERSION; }
std::string_view python_abi() { return CONCLAVE_PYTHON_ABI; }

}  // namespace conclave::scripting
