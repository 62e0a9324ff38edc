// Rules that look at single values, wherever they stand: secrets, addresses, encryption. None of them repeats a value.
#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "engine/config/letters.h"
#include "engine/config/rules.h"
#include "engine/config/secret_keys.h"

namespace conclave::config {
namespace {

struct Url {
  std::string scheme;
  std::string host;
  std::string password;
};

// RFC 3986, as far as it matters here; `colons` is where "://" stands. `end` becomes the end of the authority.
Url url_at(std::string_view text, std::size_t colons, std::size_t& end) {
  std::size_t begin = colons;
  while (begin > 0 && (std::isalnum(static_cast<unsigned char>(text[begin - 1])) != 0 || text[begin - 1] == '+')) --begin;
  end = std::min(text.find_first_of("/?# \t\r\n\"'<>|", colons + 3), text.size());
  std::string_view authority = text.substr(colons + 3, end - colons - 3);
  Url url;
  url.scheme = lowered(text.substr(begin, colons - begin));
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    if (const std::size_t colon = authority.find(':'); colon < at) url.password = authority.substr(colon + 1, at - colon - 1);
    authority.remove_prefix(at + 1);
  }
  const bool v6 = authority.starts_with('[');
  url.host = lowered(authority.substr(v6 ? 1 : 0, v6 ? authority.find(']') - 1 : authority.find_first_of(":,;")));
  return url;
}

bool is_private_v4(std::string_view host) {
  if (host.find_first_not_of("0123456789.") != std::string_view::npos) return false;
  if (host.starts_with("10.") || host.starts_with("127.") || host.starts_with("192.168.") || host == "0.0.0.0") return true;
  if (host.starts_with("169.254.")) return true;
  if (!host.starts_with("172.") || host.size() < 7) return false;
  const std::string_view second = host.substr(4, host.find('.', 4) - 4);
  return second.size() == 2 && second >= "16" && second <= "31";
}

// This machine, a private address, or a name that only the own network knows.
bool stays_inside(std::string_view host) {
  if (host.empty() || host.find_first_of("${}%*") != std::string_view::npos) return true;  // unknown
  if (host.find(':') != std::string_view::npos)
    return host == "::1" || host.starts_with("fc") || host.starts_with("fd") || host.starts_with("fe80");
  if (host.find('.') == std::string_view::npos || is_private_v4(host)) return true;
  return ends_with_any(host, {".local", ".internal", ".localhost", ".svc", ".test", ".example", ".lan", ".home.arpa"}) ||
         host == "example.com" || host.ends_with(".example.com");
}

// A version or cipher by name that is broken (RFC 8996, RFC 7465, RFC 7568), unless it is being switched off: "!RC4", "-SSLv3".
std::string_view weak_part(std::string_view value) {
  constexpr std::array<std::string_view, 14> weak = {"sslv2",   "sslv3",        "tlsv1.0",      "tlsv1.1", "tls1.0",
                                                     "tls1.1",  "versiontls10", "versiontls11", "rc4",     "3des",
                                                     "des-cbc", "anull",        "export",       "null-"};
  const std::string low = lowered(value);
  for (const std::string_view word : weak) {
    for (std::size_t at = low.find(word); at != std::string::npos; at = low.find(word, at + 1)) {
      const char before = at > 0 ? low[at - 1] : ' ';
      const char after = at + word.size() < low.size() ? low[at + word.size()] : ' ';
      const bool word_begins = std::isalnum(static_cast<unsigned char>(before)) == 0;
      if (before != '!' && !(before == '-' && (at == 1 || low[at - 2] == ' ' || low[at - 2] == ':')) && word_begins &&
          (std::isdigit(static_cast<unsigned char>(after)) == 0))
        return word;
    }
  }
  return {};
}

class ValueChecker {
 public:
  explicit ValueChecker(std::vector<Problem>& problems) : problems_(problems) {}

  void walk(const Node& node) {
    for (const Node& item : node.items) {
      if (item.kind == NodeKind::scalar)
        item_of_list(item);
      else
        walk(item);
    }
    if (!node.entries.empty()) walk_map(node);
  }

  void scalar(const std::string& name, const Node& value, bool secret) {
    const bool harmless = gives_nothing_away(value.scalar);
    const bool count = value.scalar.find_first_not_of("0123456789") == std::string::npos && lowered(name).ends_with("tokens");
    if (secret && !harmless && !count) {
      add(Severity::warning, "plain-text-secret", shown_name(name) + " holds a secret in plain text",
          "take it from the environment, a file or a secret store, and change it", value);
    } else if (looks_random(value.scalar)) {
      add(Severity::warning, "plain-text-secret",
          (name.empty() ? "a value" : shown_name(name)) + " looks like a key or token in plain text",
          "take it from the environment, a file or a secret store, and change it", value);
    }
    addresses(name, value);
    encryption(name, value);
  }

 private:
  void walk_map(const Node& map) {
    // {name: DB_PASSWORD, value: ...}, as Kubernetes writes environments; what stands in a Secret is secret whatever its name.
    const Node* name = map.find("name");
    const Node* kind = map.find("kind");
    const bool is_secret_object = kind != nullptr && kind->scalar == "Secret" && map.find("apiVersion") != nullptr;
    for (const auto& [key, value] : map.entries) {
      if (is_secret_object && (key.scalar == "data" || key.scalar == "stringData")) {
        for (const auto& [secret, text] : value.entries)
          if (text.kind == NodeKind::scalar) scalar(secret.scalar, text, true);
      } else if (value.kind != NodeKind::scalar) {
        walk(value);
      } else {
        const bool named = name != nullptr && name->kind == NodeKind::scalar && key.scalar == "value";
        const std::string& called = named ? name->scalar : key.scalar;
        // "key" alone names an entry elsewhere far more often than it is one.
        scalar(called, value, called != "key" && is_secret_key(called));
      }
    }
  }

  void item_of_list(const Node& item) {
    const std::size_t equals = item.scalar.find('=');
    const std::string_view name = std::string_view(item.scalar).substr(0, equals);
    const bool assignment =
        equals != std::string::npos && !name.empty() &&
        name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") == std::string_view::npos;
    if (!assignment) return scalar("", item, false);
    Node value;
    value.kind = NodeKind::scalar;
    value.scalar = item.scalar.substr(equals + 1);
    value.location = item.location;
    scalar(std::string(name), value, secret_assignment(item.scalar).has_value());
  }

  // Of one value every rule speaks at most once.
  void addresses(const std::string& name, const Node& value) {
    const std::string_view text = value.scalar;
    bool password = false;
    bool open = false;
    for (std::size_t at = text.find("://"); at != std::string_view::npos && !(password && open); at = text.find("://", at)) {
      const Url url = url_at(text, at, at);
      if (!password && !url.password.empty() && !gives_nothing_away(url.password)) {
        password = true;
        add(Severity::warning, "secret-in-url", "an address" + in(name) + " holds a password",
            "pass it separately, from a secret store", value);
      }
      if (open || stays_inside(url.host)) continue;
      const bool plain = url.scheme == "http" || url.scheme == "ftp" || url.scheme == "telnet";
      open = plain || url.scheme == "redis" || url.scheme == "amqp" || url.scheme == "ldap" || url.scheme == "mqtt";
      if (open)
        add(plain ? Severity::warning : Severity::note, "insecure-url",
            "an address" + in(name) + " leaves the own network without encryption (" + url.scheme + "://)",
            plain ? "use " + std::string(url.scheme == "http" ? "https" : "sftp or ssh") : "use " + url.scheme + "s", value);
    }
  }

  void encryption(const std::string& name, const Node& value) {
    const std::string key = lowered(name);
    const bool about = key.find("tls") != std::string::npos || key.find("ssl") != std::string::npos ||
                       key.find("cipher") != std::string::npos || key.find("protocol") != std::string::npos;
    if (about) {
      if (const std::string_view weak = weak_part(value.scalar); !weak.empty())
        add(Severity::warning, "weak-encryption", shown_name(name) + " allows " + std::string(weak) + ", which is broken",
            "use TLS 1.2 or later and its own ciphers", value);
    }
    const std::string low = value.scalar.size() < 8 ? lowered(value.scalar) : "";
    const bool on = low == "true" || low == "1" || low == "yes" || low == "on";
    const bool off = low == "false" || low == "0" || low == "no" || low == "off";
    if ((on && ends_with_any(key, {"skip_verify", "skipverify", "skip-verify", "skip_tls_verify", "insecureskiptlsverify"})) ||
        (off && ends_with_any(key, {"reject_unauthorized", "ssl_verify", "verify_ssl", "tls_verify", "verify_tls"})))
      add(Severity::warning, "weak-encryption", shown_name(name) + " switches off that certificates are checked",
          "trust the authority that signed them instead", value);
  }

  static std::string in(const std::string& name) { return name.empty() ? "" : " in " + shown_name(name); }

  void add(Severity severity, std::string rule, std::string message, std::string fix, const Node& at) {
    problems_.push_back({severity, std::move(rule), std::move(message), std::move(fix), at.location});
  }

  std::vector<Problem>& problems_;
};

}  // namespace

void check_values(const Node& root, std::vector<Problem>& problems) { ValueChecker(problems).walk(root); }

void check_numbers(const Node& node, std::vector<Problem>& problems) {
  const bool number = node.kind == NodeKind::scalar && !node.quoted && !node.scalar.empty() && node.scalar.size() < 400 &&
                      std::string_view("+-.0123456789").find(node.scalar.front()) != std::string_view::npos;
  if (number && node.to_json().is_null())
    problems.push_back({Severity::note, "not-in-json", "JSON has no number " + shown(node) + "; it is null there",
                        "quote it to keep it as text", node.location});
  for (const Node& item : node.items) check_numbers(item, problems);
  for (const auto& [key, value] : node.entries) check_numbers(value, problems);
}

}  // namespace conclave::config
