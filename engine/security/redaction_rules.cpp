// The rules themselves. Written for people: what is shown is what runs. They keep to what ECMAScript and PCRE have in common
// (a test compares both), and each begins where no run of its own characters came before, or with a literal, so that a long run
// is looked at once: that keeps hostile text linear.
#include "engine/security/redaction.h"

namespace conclave::security {

const std::vector<RedactionRule>& redaction_rules() {
  static const std::vector<RedactionRule> rules = {
      {"private-key",
       R"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)"
       R"((?:[^-]*(?:-(?!----)[^-]*)*-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)"
       R"(|(?:(?:\s|\\[rn])*[A-Za-z0-9+/=]{32,})*))",
       "[redacted private-key]"},
      {"jwt", R"((^|[^A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)", "$1[redacted jwt]"},
      {"authorization",
       R"((authorization["'\\]*[ \t]*[:=][ \t]*["'\\]*(?:(?:bearer|basic|digest|negotiate|token|apikey)[ \t]+)?))"
       R"((?!\[redacted|bearer|basic)[^\s"'\\]+)",
       "$1[redacted authorization]"},
      {"bearer-token", R"(\b(bearer[ \t]+)[A-Za-z0-9._~+/=-]{16,})", "$1[redacted bearer-token]"},
      {"url-password", R"((://[^\s/:@]*:)[^\s/]+@)", "$1[redacted url-password]@"},
      {"cookie", R"((cookie["'\\]*[ \t]*[:=][ \t]*)(?![ \t]|\[redacted)[^\r\n"']+)", "$1[redacted cookie]"},
      {"secret",
       R"(((?:password|passwd|passphrase|pwd(?!=/)|secret|token|credentials?|api[_-]?key|access[_-]?key(?:[_-]?id)?|)"
       R"(account[_-]?key|private[_-]?key|encryption[_-]?key|session[_-]?id)(?:[_-](?:hash|value|key))?)"
       R"(["'\\]*[ \t]*(?::=|=>|[:=])[ \t]*)(?!["'\\]*\[redacted))"
       R"((?:\\"[^"\\\r\n]*(?:\\")?|"[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*"?|'[^'\r\n]*'?|[^\s"',;&)}\\\]]+))",
       "$1[redacted secret]"},
      {"secret-option", R"((--?(?:password|passwd|passphrase|secret|token|api-?key)[ \t]+)(?!-|\[redacted)\S+)",
       "$1[redacted secret-option]"},
      {"api-key",
       R"(\b(?:(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16}\b|gh[pousr]_[A-Z0-9]{36,}|github_pat_[A-Z0-9_]{22,}|)"
       R"(glpat-[A-Z0-9_-]{20,}|xox[abeprs]-[A-Z0-9-]{10,}|AIza[A-Z0-9_-]{35}|[sr]k_(?:live|test)_[A-Z0-9]{16,}|)"
       R"(sk-[A-Z0-9_-]{20,}|hf_[A-Z0-9]{30,}|npm_[A-Z0-9]{36}|pypi-[A-Z0-9_-]{50,}))",
       "[redacted api-key]"},
      {"email",
       R"((^|[^A-Z0-9._%+-])[A-Z0-9._%+-]+@(?:[A-Z0-9-]+\.)+)"
       R"((?!(?:service|socket|timer|target|mount|slice|scope|device|path)\b)[A-Z]{2,})",
       "$1[redacted email]"},
      {"card-number",
       R"(\b(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|6(?:011|[45]\d{2})|3[47]\d{2})[ -]?(?:\d{4}[ -]?\d{4}[ -]?\d{1,7}|\d{6}[ -]?\d{5})\b)",
       "[redacted card-number]", true},
      {"ipv4", R"(\b(?!127\.|0\.0\.0\.0\b)(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\b)",
       "[redacted ipv4]"},
      {"ipv6",
       R"((^|[^0-9A-Z:._-])(?!::1(?![0-9A-F:]))(?:(?:[0-9A-F]{1,4}:){7}[0-9A-F]{1,4}|)"
       R"((?:[0-9A-F]{1,4}:){1,6}(?::[0-9A-F]{1,4}){1,6}|(?:[0-9A-F]{1,4}:){1,7}:|::(?:[0-9A-F]{1,4}:){0,6}[0-9A-F]{1,4}))"
       R"((?![0-9A-Z_:]))",
       "$1[redacted ipv6]"},
  };
  return rules;
}

}  // namespace conclave::security
