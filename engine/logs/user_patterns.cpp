// Regular expressions are PCRE2's, bounded in steps and memory; plain texts are searched for as they are. Python's \Z and {,n}
// are written as PCRE2 has them, and only LF ends a line.
#define PCRE2_CODE_UNIT_WIDTH 8
#include "engine/logs/user_patterns.h"

#include <pcre2.h>

#include <algorithm>
#include <array>

namespace conclave::logs {
namespace {

constexpr std::uint32_t match_limit = 1'000'000;
constexpr std::uint32_t heap_limit_kib = 20'000;
constexpr std::size_t jit_stack_bytes = 256 * 1024;

std::string as_pcre2(std::string_view expression) {
  std::string text;
  bool in_set = false;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    const char c = expression[i];
    if (c == '\\' && i + 1 < expression.size()) {
      const char next = expression[++i];
      text += c;
      text += next == 'Z' && !in_set ? 'z' : next;
      continue;
    }
    if (c == '[' && !in_set) {
      in_set = true;
      text += c;
      if (expression.substr(i + 1).starts_with('^')) text += expression[++i];
      if (expression.substr(i + 1).starts_with(']')) text += expression[++i];
      continue;
    }
    if (c == '[') text += '\\';  // a set within a set is no set in Python
    if (c == ']') in_set = false;
    text += c;
    if (c == '{' && !in_set && expression.substr(i + 1).starts_with(',')) text += '0';
  }
  return text;
}

bool is_plain(std::string_view expression) { return expression.find_first_of("\\^$.|?*+()[]{}") == std::string_view::npos; }

}  // namespace

struct UserPatterns::Rule {
  std::string name;
  std::string plain;  // searched for as it is if `code` is null
  std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)> code{nullptr, &pcre2_code_free};
};

UserPatterns::UserPatterns() = default;
UserPatterns::~UserPatterns() = default;

Result<std::shared_ptr<const UserPatterns>> UserPatterns::compile(const std::vector<std::pair<std::string, std::string>>& rules) {
  const std::shared_ptr<UserPatterns> patterns(new UserPatterns);
  const std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      pcre2_compile_context_create(nullptr), &pcre2_compile_context_free);
  if (!context) return fail(ErrorKind::limit, "not enough memory for patterns");
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  for (const auto& [name, expression] : rules) {
    const auto taken = [&name = name](std::string_view other) { return other == name; };  // clang 14 captures no bindings
    if (name.empty()) return fail(ErrorKind::invalid_argument, "a pattern needs a name");
    if (taken("error") || taken("warning") || taken("timestamp") ||
        std::any_of(patterns->rules_.begin(), patterns->rules_.end(), [&taken](const Rule& rule) { return taken(rule.name); })) {
      return fail(ErrorKind::invalid_argument, "there is a pattern of the name " + name + " already");
    }
    Rule rule;
    rule.name = name;
    rule.plain = expression;
    if (!is_plain(expression)) {
      const std::string text = as_pcre2(expression);
      int error = 0;
      PCRE2_SIZE place = 0;
      rule.code.reset(
          pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), PCRE2_NEVER_UTF, &error, &place, context.get()));
      if (!rule.code) {
        std::array<PCRE2_UCHAR, 256> message{};
        pcre2_get_error_message(error, message.data(), message.size());
        return fail(ErrorKind::invalid_argument,
                    "the pattern " + name + " is no regular expression: " + reinterpret_cast<const char*>(message.data()) +
                        " at character " + std::to_string(place + 1));
      }
      pcre2_jit_compile(rule.code.get(), PCRE2_JIT_COMPLETE);  // where it is not possible the same code is interpreted
    }
    patterns->rules_.push_back(std::move(rule));
  }
  return std::shared_ptr<const UserPatterns>(patterns);
}

std::size_t UserPatterns::size() const noexcept { return rules_.size(); }
const std::string& UserPatterns::name(std::size_t pattern) const { return rules_[pattern].name; }

struct UserPatterns::Matcher::State {
  std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)> context{pcre2_match_context_create(nullptr),
                                                                                    &pcre2_match_context_free};
  std::unique_ptr<pcre2_jit_stack, decltype(&pcre2_jit_stack_free)> stack{
      pcre2_jit_stack_create(32 * 1024, jit_stack_bytes, nullptr), &pcre2_jit_stack_free};
  std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data{pcre2_match_data_create(1, nullptr),
                                                                           &pcre2_match_data_free};
};

UserPatterns::Matcher::Matcher(std::shared_ptr<const UserPatterns> patterns)
    : patterns_(std::move(patterns)), state_(std::make_unique<State>()) {
  pcre2_set_match_limit(state_->context.get(), match_limit);
  pcre2_set_heap_limit(state_->context.get(), heap_limit_kib);
  pcre2_jit_stack_assign(state_->context.get(), nullptr, state_->stack.get());
}

UserPatterns::Matcher::~Matcher() = default;

void UserPatterns::Matcher::match(std::string_view line, std::vector<Answer>& answers) {
  answers.resize(patterns_->rules_.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Rule& rule = patterns_->rules_[i];
    if (!rule.code) {
      answers[i] = line.find(rule.plain) == std::string_view::npos ? Answer::no : Answer::yes;
      continue;
    }
    // PCRE2 wants an address also for an empty line.
    const char* const text = line.data() == nullptr ? "" : line.data();
    const int found = pcre2_match(rule.code.get(), reinterpret_cast<PCRE2_SPTR>(text), line.size(), 0, 0, state_->data.get(),
                                  state_->context.get());
    answers[i] = found >= 0 ? Answer::yes : found == PCRE2_ERROR_NOMATCH ? Answer::no : Answer::given_up;
  }
}

}  // namespace conclave::logs
