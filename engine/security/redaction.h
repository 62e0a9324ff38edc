// Visible rules that take secrets and personal data out of text before it leaves the machine.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace conclave::security {

struct RedactionRule {
  std::string name;         // "bearer-token"
  std::string pattern;      // ECMAScript regular expression, as shown to the user
  std::string replacement;  // "[redacted bearer-token]"
};

// Private keys, bearer tokens, passwords in URLs, key=value secrets, AWS and similar keys, JWT, e-mail addresses, card numbers,
// IPv4 and IPv6 addresses other than loopback.
[[nodiscard]] const std::vector<RedactionRule>& redaction_rules();

struct Redacted {
  std::string text;
  std::map<std::string, std::uint64_t> counts;  // replacements by rule name
};

// Linear in the text; lines over 64 KiB are cut into pieces first.
[[nodiscard]] Redacted redact(std::string_view text);

}  // namespace conclave::security
