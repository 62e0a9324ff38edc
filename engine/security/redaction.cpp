// std::regex recurses once per character and is slow, so the rules run on PCRE2: just-in-time compiled where the system allows
// it, interpreted on the heap where not, with limits on work and stack in both.
#include "engine/security/redaction.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>

#include "engine/security/random_text.h"

namespace conclave::security {
namespace {

constexpr std::size_t window_bytes = 64U << 10U;
constexpr std::size_t overlap_bytes = 16U << 10U;
constexpr std::size_t longest_match = 1U << 20U;
constexpr std::uint32_t match_limit = 5'000'000;  // steps within one window
constexpr std::size_t jit_stack_bytes = 4U << 20U;

// What one thread needs to run any rule.
class Matcher {
 public:
  Matcher()
      : context_(pcre2_match_context_create(nullptr), &pcre2_match_context_free),
        stack_(pcre2_jit_stack_create(window_bytes, jit_stack_bytes, nullptr), &pcre2_jit_stack_free),
        data_(pcre2_match_data_create(10, nullptr), &pcre2_match_data_free) {
    pcre2_set_match_limit(context_.get(), match_limit);
    pcre2_set_heap_limit(context_.get(), 20'000);  // KiB
    pcre2_jit_stack_assign(context_.get(), nullptr, stack_.get());
  }

  // Number of groups set, PCRE2_ERROR_NOMATCH, or another negative code. Sees the text before `start`, and ends at `end`.
  int match(const pcre2_code* code, std::string_view text, std::size_t start, std::size_t end) {
    return pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), end, start, PCRE2_NOTEMPTY, data_.get(), context_.get());
  }
  // Offsets of the last match, a pair for each group.
  [[nodiscard]] const PCRE2_SIZE* offsets() const { return pcre2_get_ovector_pointer(data_.get()); }

 private:
  std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)> context_;
  std::unique_ptr<pcre2_jit_stack, decltype(&pcre2_jit_stack_free)> stack_;
  std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data_;
};

bool passes_luhn(std::string_view text) {
  int sum = 0;
  bool twice = false;
  for (auto c = text.rbegin(); c != text.rend(); ++c) {
    if (*c < '0' || *c > '9') continue;
    const int digit = (*c - '0') * (twice ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
    twice = !twice;
  }
  return sum % 10 == 0;
}

void append_replacement(std::string& out, std::string_view replacement, std::string_view text, const PCRE2_SIZE* offsets,
                        std::size_t groups) {
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    const bool group =
        replacement[i] == '$' && i + 1 < replacement.size() && replacement[i + 1] >= '1' && replacement[i + 1] <= '9';
    if (!group) {
      out += replacement[i];
      continue;
    }
    const auto number = static_cast<std::size_t>(replacement[++i] - '0');
    if (number >= groups || offsets[2 * number] == PCRE2_UNSET) continue;
    out.append(text.substr(offsets[2 * number], offsets[2 * number + 1] - offsets[2 * number]));
  }
}

}  // namespace

struct Redactor::Compiled {
  RedactionRule rule;
  std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)> code;

  std::uint64_t apply(Matcher& matcher, std::string& text) const;
};

std::uint64_t Redactor::Compiled::apply(Matcher& matcher, std::string& text) const {
  std::string out;
  std::uint64_t count = 0;
  std::size_t copied = 0;  // everything before is in `out`
  std::size_t at = 0;      // where to look next
  std::size_t window = std::min(window_bytes, text.size());
  while (at < text.size()) {
    std::size_t end = std::min(window + overlap_bytes, text.size());
    int groups = matcher.match(code.get(), text, at, end);
    // What reaches the end of what we see may go on behind it.
    while (groups > 0 && matcher.offsets()[1] == end && end < text.size() && end - at < longest_match) {
      end = std::min(end + window_bytes, text.size());
      groups = matcher.match(code.get(), text, at, end);
    }
    if (groups < 0 && groups != PCRE2_ERROR_NOMATCH) {
      const std::size_t line_end = std::min(text.find('\n', at), window);
      out.append(text, copied, at - copied).append("[redacted " + rule.name + "]");
      ++count;
      at = copied = std::max(line_end, at + 1);
    } else if (groups == PCRE2_ERROR_NOMATCH || matcher.offsets()[0] >= window) {
      at = window;
    } else {
      const PCRE2_SIZE* offsets = matcher.offsets();
      if (rule.luhn && !passes_luhn(std::string_view(text).substr(offsets[0], offsets[1] - offsets[0]))) {
        at = offsets[0] + 1;
      } else {
        out.append(text, copied, offsets[0] - copied);
        append_replacement(out, rule.replacement, text, offsets, static_cast<std::size_t>(groups));
        ++count;
        at = copied = offsets[1];
      }
    }
    if (at >= window) window = std::min(at + window_bytes, text.size());
  }
  if (count == 0) return 0;
  out.append(text, copied);
  text = std::move(out);
  return count;
}

Result<Redactor> Redactor::compile(const std::vector<RedactionRule>& rules) {
  Redactor redactor;
  for (const RedactionRule& rule : rules) {
    int error = 0;
    PCRE2_SIZE place = 0;
    const auto pattern = reinterpret_cast<PCRE2_SPTR>(rule.pattern.data());
    pcre2_code* code = pcre2_compile(pattern, rule.pattern.size(), PCRE2_CASELESS, &error, &place, nullptr);
    if (code == nullptr) {
      std::array<PCRE2_UCHAR, 256> message{};
      pcre2_get_error_message(error, message.data(), message.size());
      return fail(ErrorKind::invalid_argument, "redaction rule '" + rule.name +
                                                   "': " + reinterpret_cast<const char*>(message.data()) + " at character " +
                                                   std::to_string(place + 1));
    }
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // where it is not possible the same code is interpreted
    redactor.rules_.push_back(std::make_shared<const Compiled>(Compiled{rule, {code, &pcre2_code_free}}));
  }
  return redactor;
}

Redacted Redactor::redact(std::string_view text) const {
  Redacted result{std::string(text), {}};
  Matcher matcher;
  for (const auto& rule : rules_) {
    const std::uint64_t count = rule->apply(matcher, result.text);
    if (count > 0) result.counts[rule->rule.name] += count;
  }
  return result;
}

Redacted redact(std::string_view text) {
  static const Redactor redactor = Redactor::compile(redaction_rules()).value();
  return redactor.redact(text);
}

namespace {

// "key" of "key: value", "- key: value" and "NAME=value", in small letters; nothing if the line has none. `value` is where the
// rest begins.
std::string key_of(std::string_view line, std::size_t& value) {
  const std::size_t begin = line.find_first_not_of(" \t-\"'");
  std::size_t end = begin == std::string_view::npos ? begin : line.find_first_of(":=", begin);
  while (end != std::string_view::npos && line[end] == ':' && end + 1 < line.size() && line[end + 1] != ' ') {
    end = line.find_first_of(":=", end + 1);  // a colon inside a word separates nothing
  }
  // A word with the signs at the end of base64 is no key.
  if (end != std::string_view::npos && line.find_first_not_of("= \r\n", end) == std::string_view::npos)
    end = std::string_view::npos;
  value = end == std::string_view::npos ? 0 : end + 1;
  std::string key;
  if (end != std::string_view::npos) key = line.substr(begin, end - begin);
  std::transform(key.begin(), key.end(), key.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return key;
}

// The last word of a key such as commit_sha, git-commit or services.api.image_id.
bool names_an_identity(std::string_view key) {
  while (key.ends_with('"') || key.ends_with('\'') || key.ends_with(' ')) key.remove_suffix(1);
  const std::size_t word = key.find_last_of("._-/\"' ");
  if (word != std::string_view::npos) key.remove_prefix(word + 1);
  constexpr std::array<std::string_view, 20> words = {
      "id",   "uuid", "guid", "uid",      "digest", "sha",      "sha1",    "sha256",      "sha512", "md5",
      "hash", "etag", "tag",  "checksum", "commit", "revision", "version", "fingerprint", "ref",    "image"};
  return std::find(words.begin(), words.end(), key) != words.end();
}

std::uint64_t redact_random_words(std::string_view line, std::string& out) {
  constexpr std::string_view separators = " \t\r\n,;\"'()[]{}<>|\\";
  std::uint64_t count = 0;
  std::size_t at = 0;
  const std::string key = key_of(line, at);
  if (names_an_identity(key)) at = line.size();
  out.append(line.substr(0, at));
  while (at < line.size()) {
    const std::size_t begin = std::min(line.find_first_not_of(separators, at), line.size());
    const std::size_t end = std::min(line.find_first_of(separators, begin), line.size());
    std::string_view word = line.substr(begin, end - begin);
    out.append(line.substr(at, begin - at));
    // NAME=value, but not the signs at the end of base64.
    const std::size_t equals = word.find('=');
    if (equals != std::string_view::npos && word.find_first_not_of('=', equals) != std::string_view::npos) {
      out.append(word.substr(0, equals + 1));
      word.remove_prefix(equals + 1);
    }
    const bool random = looks_random(word);
    out.append(random ? std::string_view("[redacted random-value]") : word);
    count += random ? 1 : 0;
    at = end;
  }
  return count;
}

}  // namespace

Redacted redact_config(std::string_view text) {
  const Redacted named = redact(text);
  Redacted result{{}, named.counts};
  std::uint64_t count = 0;
  for (std::size_t at = 0; at < named.text.size();) {
    const std::size_t end = std::min(named.text.find('\n', at), named.text.size() - 1) + 1;
    count += redact_random_words(std::string_view(named.text).substr(at, end - at), result.text);
    at = end;
  }
  if (count > 0) result.counts["random-value"] += count;
  return result;
}

}  // namespace conclave::security
