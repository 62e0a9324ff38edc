#include "engine/logs/word_kind.h"

#include <algorithm>

namespace conclave::logs {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
constexpr bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const char c = static_cast<char>(i);
    if (i <= 0x20 || i == 0x7f) classes[i] = byte_blank;
    if (std::string_view("=:,;()[]{}<>|\"'").find(c) != std::string_view::npos) classes[i] = byte_sign;
    if (is_digit(c)) classes[i] = byte_digit;
    if (is_lower(c)) classes[i] = byte_lower;
    if (is_letter(c) && !is_lower(c)) classes[i] = byte_upper;
    if (c == '/') classes[i] = byte_slash;
    if (c == '.') classes[i] = byte_dot;
    if (c == '\\' || c == '@' || c == '*' || c == '~') classes[i] = byte_rare;
  }
  return classes;
}

template <std::size_t N>
bool one_of(std::string_view word, const std::array<std::string_view, N>& known) {
  return std::find(known.begin(), known.end(), word) != known.end();
}

bool is_uuid(std::string_view word) {
  if (word.size() != 36) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? word[i] != '-' : !is_hex(word[i])) return false;
  }
  return true;
}

bool is_ipv4(std::string_view word) {
  if (word.starts_with('/')) word.remove_prefix(1);
  word = word.substr(0, word.find('/'));
  int dots = 0;
  std::size_t run = 0;
  for (const char c : word) {
    if (c == '.') {
      if (run == 0 || run > 3) return false;
      ++dots;
      run = 0;
    } else if (is_digit(c)) {
      ++run;
    } else {
      return false;
    }
  }
  return dots == 3 && run > 0 && run <= 3;
}

bool is_number(std::string_view word) {
  if (word.front() == '-' || word.front() == '+') word.remove_prefix(1);
  if (word.ends_with('%')) word.remove_suffix(1);
  return !word.empty() && std::count(word.begin(), word.end(), '.') <= 1 &&
         std::all_of(word.begin(), word.end(), [](char c) { return is_digit(c) || c == '.'; });
}

ParameterKind kind_with_digits(std::string_view word, std::uint8_t classes) {
  if (is_number(word)) return ParameterKind::number;
  if (is_uuid(word)) return ParameterKind::uuid;
  if ((classes & byte_dot) != 0 && is_ipv4(word)) return ParameterKind::address;
  if ((classes & (byte_slash | byte_rare)) != 0) {
    if (word.find('\\') != std::string_view::npos || std::count(word.begin(), word.end(), '/') >= 2 || word.front() == '/') {
      return ParameterKind::path;
    }
    if (word.find('@') != std::string_view::npos) return ParameterKind::host;
  }
  const std::string_view digits = word.starts_with("0x") || word.starts_with("0X") ? word.substr(2) : word;
  const bool marked = digits.size() != word.size();
  if (!digits.empty() && (marked || digits.size() >= 6) && std::all_of(digits.begin(), digits.end(), is_hex)) {
    return ParameterKind::hex;
  }
  return ParameterKind::id;
}

// The generic domains of the internet, and those of local networks. Countries' domains are also words (id, is, to).
bool ends_in_domain(std::string_view word) {
  constexpr std::array<std::string_view, 13> domains = {"com",  "net", "org",   "edu", "gov",      "mil",        "int",
                                                        "info", "biz", "local", "lan", "internal", "localdomain"};
  return one_of(word.substr(word.rfind('.') + 1), domains);
}

bool is_host(std::string_view word, bool first, std::string_view next) {
  const auto of_host = [](char c) { return is_lower(c) || c == '.' || c == '-'; };
  if (!std::all_of(word.begin(), word.end(), of_host) || word.front() == '.' || word.back() == '.') return false;
  if (next.size() == 2 && next[0] == ':' && is_digit(next[1])) return true;
  if (ends_in_domain(word)) return true;
  return !first && std::count(word.begin(), word.end(), '.') >= 2;
}

bool is_path(std::string_view word, std::uint8_t classes) {
  if (word.size() < 2) return false;
  if (word.front() == '/' || word.starts_with("~/") || word.starts_with("./") || word.starts_with("../")) return true;
  return std::count(word.begin(), word.end(), '/') >= 2 || (classes & byte_dot) != 0;
}

}  // namespace

const std::array<std::uint8_t, 256> byte_classes = make_classes();

std::optional<ParameterKind> kind_of_word(std::string_view word, std::uint8_t classes, bool first, std::string_view next) {
  if ((classes & byte_digit) != 0) return kind_with_digits(word, classes);
  if ((classes & byte_slash) != 0 && is_path(word, classes)) return ParameterKind::path;
  if ((classes & byte_rare) != 0) {
    if (word.find('\\') != std::string_view::npos) return ParameterKind::path;
    if (word.find('@', 1) < word.size() - 1 && word.size() > 2) return ParameterKind::host;
    if (word.size() > 1 && word.find_first_not_of('*') == std::string_view::npos) return ParameterKind::text;
  }
  if ((classes & byte_dot) != 0 && is_host(word, first, next)) return ParameterKind::host;
  constexpr std::size_t least_hex = 8;  // no English word of so many letters is spelt with a to f alone
  if (word.size() >= least_hex && std::all_of(word.begin(), word.end(), is_hex)) return ParameterKind::hex;
  return std::nullopt;
}

std::size_t hex_groups_end(std::string_view text, std::size_t at) {
  constexpr std::size_t longest_group = 4;
  constexpr int least_colons = 3;
  int colons = 0;
  bool digits = false;
  std::size_t group = 0;
  std::size_t end = at;
  for (; end < text.size(); ++end) {
    const char c = text[end];
    if (c == ':') {
      if (end + 1 >= text.size() || !(is_hex(text[end + 1]) || text[end + 1] == ':')) break;
      ++colons;
      group = 0;
    } else if (is_hex(c)) {
      digits = digits || is_digit(c);
      if (++group > longest_group) return 0;
    } else {
      break;
    }
  }
  if (end < text.size() && (is_letter(text[end]) || text[end] == '_' || text[end] == '-')) return 0;
  if (end < text.size() && text[end] == '.') {  // an IPv4 address at the end
    while (end < text.size() && (is_digit(text[end]) || (text[end] == '.' && end + 1 < text.size() && is_digit(text[end + 1]))))
      ++end;
  }
  return colons >= least_colons && digits ? end : 0;
}

std::size_t bracketed_address_end(std::string_view text, std::size_t at) {
  int colons = 0;
  std::size_t end = at + 1;
  for (; end < text.size() && (is_hex(text[end]) || text[end] == ':' || text[end] == '.'); ++end)
    colons += text[end] == ':' ? 1 : 0;
  return colons >= 2 && end < text.size() && text[end] == ']' ? end + 1 : 0;
}

std::size_t host_range_end(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && (is_digit(text[end]) || text[end] == '-' || text[end] == ',')) ++end;
  return end > at + 1 && end < text.size() && text[end] == ']' ? end + 1 : 0;
}

std::size_t byte_unit_end(std::string_view text, std::size_t at) {
  constexpr std::array<std::string_view, 11> units = {"B", "KB", "MB", "GB", "TB", "kB", "KiB", "MiB", "GiB", "TiB", "PB"};
  if (at >= text.size() || text[at] != ' ') return at;
  std::size_t end = at + 1;
  while (end < text.size() && is_letter(text[end])) ++end;
  return one_of(text.substr(at + 1, end - at - 1), units) && (end >= text.size() || !is_digit(text[end])) ? end : at;
}

std::size_t less_than_time_end(std::string_view text, std::size_t at) {
  constexpr std::array<std::string_view, 9> units = {"s", "ms", "us", "sec", "secs", "second", "seconds", "min", "minute"};
  std::size_t end = at + 1;
  while (end < text.size() && (is_digit(text[end]) || text[end] == '.')) ++end;
  if (end == at + 1) return 0;
  if (end < text.size() && text[end] == ' ') ++end;
  const std::size_t unit = end;
  while (end < text.size() && is_letter(text[end])) ++end;
  return one_of(text.substr(unit, end - unit), units) ? end : 0;
}

bool is_calendar_word(std::string_view word) {
  constexpr std::string_view names = "JanFebMarAprMayJunJulAugSepOctNovDecMonTueWedThuFriSatSun";
  const std::size_t at = word.size() == 3 ? names.find(word) : std::string_view::npos;
  return at != std::string_view::npos && at % 3 == 0;
}

bool is_time_zone(std::string_view word) {
  constexpr std::array<std::string_view, 18> zones = {"UTC", "GMT", "EST", "EDT", "CST", "CDT",  "MST", "MDT",  "PST",
                                                      "PDT", "CET", "EET", "BST", "IST", "CEST", "JST", "EEST", "AEST"};
  return one_of(word, zones);
}

bool is_plain_value(std::string_view word) {
  constexpr std::size_t longest = 5;
  constexpr std::array<std::string_view, 9> values = {"true", "false", "null", "nil", "none", "yes", "no", "on", "off"};
  if (word.size() > longest) return false;
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b; };
  return std::any_of(values.begin(), values.end(), [&](std::string_view value) {
    return std::equal(word.begin(), word.end(), value.begin(), value.end(), same);
  });
}

}  // namespace conclave::logs
