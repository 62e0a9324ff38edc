#include "engine/config/secret_keys.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <string>

#include "engine/config/letters.h"
#include "engine/config/path.h"

namespace conclave::config {
bool is_secret_key(std::string_view key) {
  std::string low = lowered(key);
  std::replace(low.begin(), low.end(), '-', '_');
  if (ends_with_any(low, {"public_key", "publickey", "existingsecret"})) return false;
  for (const std::string_view tail : {"_value", "_hash", "_base64", "_file", "_path"}) {
    if (!low.ends_with(tail)) continue;
    if (tail == "_file" || tail == "_path") return false;  // where it is, not what it is
    low.resize(low.size() - tail.size());
  }
  if (low.ends_with('s') && !low.ends_with("ss")) low.pop_back();
  return ends_with_any(low, {"password", "passwd", "passphrase", "_pass", "pwd", "secret", "token", "credential", "apikey",
                             "accesskey", "privatekey", "secretkey", "_key"}) ||
         low == "key" || low == "pass";
}

bool is_secret_path(std::string_view path) {
  for (const PathStep& step : steps_of(path)) {
    const std::string_view key = step.key;  // such as memory_mb, tls.key and "[0]"
    for (std::size_t begin = 0; begin <= key.size();) {
      const auto end = std::min(key.find('.', begin), key.size());
      if (is_secret_key(key.substr(begin, end - begin))) return true;
      begin = end + 1;
    }
  }
  return false;
}

bool gives_nothing_away(std::string_view value) {
  const std::string low = lowered(value);
  static constexpr std::array words = {"", "true", "false", "null", "~", "yes", "no", "on", "off"};
  if (std::find(words.begin(), words.end(), low) != words.end()) return true;
  if (low.starts_with("/run/") || low.starts_with("file:") || low.starts_with("vault:") || low.starts_with("{{") ||
      low.find_first_not_of('*') == std::string::npos)
    return true;
  // ${NAME} and $NAME, but not ${NAME:-default}, which holds what it should not.
  if (!low.starts_with('$') || low.size() < 2) return false;
  const std::string_view name = std::string_view(low).substr(1);
  const bool braces = name.starts_with('{') && name.ends_with('}') && name.size() > 2;
  const std::string_view inner = braces ? name.substr(1, name.size() - 2) : name;
  return std::all_of(inner.begin(), inner.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

bool is_secret(std::string_view path, std::string_view value) {
  if (!is_secret_path(path) || gives_nothing_away(value)) return false;
  const bool number = std::all_of(value.begin(), value.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  return !(number && lowered(path).ends_with("tokens"));
}

std::optional<std::size_t> secret_assignment(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || !is_secret_key(text.substr(0, equals))) return {};
  return gives_nothing_away(text.substr(equals + 1)) ? std::nullopt : std::optional(equals + 1);
}

// C. Shannon, A Mathematical Theory of Communication, 1948: bits per letter of the value's own letters. English words have about
// 3, random base64 above 4.5.
bool looks_random(std::string_view value) {
  if (value.size() < 24 || value.starts_with('/')) return false;
  std::array<std::size_t, 256> counts{};
  bool digit = false;
  bool upper = false;
  bool lower = false;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) == 0 && std::string_view("+/_=-").find(c) == std::string_view::npos) return false;
    digit = digit || std::isdigit(byte) != 0;
    upper = upper || std::isupper(byte) != 0;
    lower = lower || std::islower(byte) != 0;
    ++counts[byte];
  }
  if (!digit || !upper || !lower) return false;
  double bits = 0;
  for (const std::size_t count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(value.size());
    bits -= share * std::log2(share);
  }
  return bits > 4.0;
}

}  // namespace conclave::config
