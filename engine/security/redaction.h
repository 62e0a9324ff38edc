// Visible rules that take secrets and personal data out of text before it leaves the machine.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"

namespace conclave::security {

struct RedactionRule {
  std::string name;         // "bearer-token"
  std::string pattern;      // ECMAScript regular expression, as shown to the user; letter case is ignored
  std::string replacement;  // "[redacted bearer-token]"; $1 ... $9 stand for what the groups matched
  bool luhn = false;        // the digits of the match must also pass the Luhn check (ISO/IEC 7812-1)
};

// Private keys, bearer tokens, passwords in URLs, cookies, key=value secrets, AWS and similar keys, JWT, e-mail addresses, card
// numbers, IPv4 and IPv6 addresses other than loopback. Applied in this order.
[[nodiscard]] const std::vector<RedactionRule>& redaction_rules();

struct Redacted {
  std::string text;
  std::map<std::string, std::uint64_t> counts;  // replacements by rule name
};

// Compiled rules. Immutable; any thread.
class Redactor {
 public:
  // Kind invalid_argument, naming rule and place, for a pattern that is not a regular expression.
  [[nodiscard]] static Result<Redactor> compile(const std::vector<RedactionRule>& rules);

  // Any bytes. Linear in the text with the rules above: the text is searched in windows of 64 KiB that overlap, so that nothing
  // up to 16 KiB long is missed at a border. Where a rule exceeds the matcher's limits the rest of that line is redacted.
  [[nodiscard]] Redacted redact(std::string_view text) const;

 private:
  struct Compiled;
  std::vector<std::shared_ptr<const Compiled>> rules_;
};

// With redaction_rules().
[[nodiscard]] Redacted redact(std::string_view text);

// The same for lines of a configuration ("key: value", "NAME=value"), and besides every word of a value that looks_random(),
// under whatever key, counted as "random-value". Words under a key that says digest, hash, checksum, commit, revision, version or
// id stay: that is how those look.
[[nodiscard]] Redacted redact_config(std::string_view text);

}  // namespace conclave::security
