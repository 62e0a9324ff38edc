// A drawn token shows in two ways. Its own letters carry much information (Shannon entropy in bits per character; C. Shannon, "A
// mathematical theory of communication", 1948): about 3.6 for 32 hexadecimal digits and over 4 for 24 characters of base64, where
// a word of that length has about 3. And it jumps between small letters, capitals and digits: text drawn from all 62 does so at
// 62 % of its places, MixedCaseNames2 at a third or less, because words come in runs.
//
//   small, capitals and digits     20 characters, 3.7 bits, jumps at 50 % of its places, or at 40 % if digits begin twice
//   letters and digits, one case   24 characters, 3.5 bits, jumps at 25 % of its places
//   hexadecimal                    32 characters, 3.0 bits, nothing else in the word, and not the 40 of a commit
//   those three and !@#$%^&*~      16 characters, 3.5 bits, two such signs, jumps at 60 % of its places
//
// Measured on 2,000 drawn texts each: of base64 85 % are found at 20 characters, 93 % at 24, 97 % from 32 on; of base36 91 % at
// 24; of base32 three in four. Of 87,000 words from the configuration files and file names of a Debian 12 a dozen names are taken
// for drawn, such as Qt6EglFsKmsGbmSupport.
#include "engine/security/random_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>

namespace conclave::security {
namespace {

enum class Letter { small, capital, digit, sign, other };

Letter letter_of(char c) {
  if (c >= 'a' && c <= 'z') return Letter::small;
  if (c >= 'A' && c <= 'Z') return Letter::capital;
  if (c >= '0' && c <= '9') return Letter::digit;
  return std::string_view("!@#$%^&*~").find(c) != std::string_view::npos ? Letter::sign : Letter::other;
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

double entropy(std::string_view text) {
  std::array<int, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  for (const int count : counts) {
    const double share = static_cast<double>(count) / static_cast<double>(text.size());
    if (count > 0) bits -= share * std::log2(share);
  }
  return bits;
}

struct Jumps {
  double share = 0;          // of the places between two characters
  std::size_t to_digit = 0;  // how often digits begin
};

// Dashes and the like are skipped: names have them between words.
Jumps jumps_of(std::string_view text) {
  Jumps jumps;
  std::size_t letters = 0;
  std::size_t count = 0;
  Letter before = Letter::other;
  for (const char c : text) {
    const Letter letter = letter_of(c);
    if (letter == Letter::other) continue;
    if (letters++ > 0 && letter != before) ++count;
    if (letter == Letter::digit && letter != before) ++jumps.to_digit;
    before = letter;
  }
  if (letters > 1) jumps.share = static_cast<double>(count) / static_cast<double>(letters - 1);
  return jumps;
}

bool has(std::string_view text, Letter letter) {
  return std::ranges::any_of(text, [letter](char c) { return letter_of(c) == letter; });
}

bool is_password(std::string_view text) {
  const bool all_kinds = has(text, Letter::small) && has(text, Letter::capital) && has(text, Letter::digit);
  return text.size() >= 16 && all_kinds && !has(text, Letter::other) && std::ranges::count(text, Letter::sign, letter_of) >= 2 &&
         jumps_of(text).share >= 0.6 && entropy(text) >= 3.5;
}

bool is_drawn(std::string_view text) {
  const auto count = [text](Letter letter) { return static_cast<std::size_t>(std::ranges::count(text, letter, letter_of)); };
  const std::size_t others = count(Letter::other) + count(Letter::sign);
  if (is_password(text)) return true;
  if (text.size() < 20 || others > text.size() / 8 || !has(text, Letter::digit)) return false;
  const Jumps jumps = jumps_of(text);
  if (has(text, Letter::small) && has(text, Letter::capital)) {
    return (jumps.share >= 0.5 || (jumps.share >= 0.4 && jumps.to_digit >= 2)) && entropy(text) >= 3.7;
  }
  return text.size() >= 24 && others == 0 && !std::ranges::all_of(text, is_hex) && jumps.share >= 0.25 && entropy(text) >= 3.5;
}

bool is_hex_key(std::string_view text) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  return text.size() >= 32 && text.size() != 40 && std::ranges::all_of(text, is_hex) && has(text, Letter::digit) &&
         entropy(text) >= 3.0;
}

bool is_uuid(std::string_view text) {
  constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return text.size() == form.size() &&
         std::ranges::equal(text, form, [](char c, char f) { return f == '-' ? c == '-' : is_hex(c); });
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> starts) {
  return std::ranges::any_of(starts, [text](std::string_view start) { return text.starts_with(start); });
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(parts, [text](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

bool is_known_form(std::string_view text) {
  return starts_with_any(text, {"/", "./", "../", "~/", "AAAAB3NzaC1", "AAAAC3NzaC1", "AAAAE2VjZHNh", "AAAAGnNr"}) ||
         contains_any(text,
                      {"://", "sha1:", "sha256:", "sha384:", "sha512:", "SHA256:", "md5:", "sha256-", "sha384-", "sha512-"}) ||
         is_uuid(text) ||
         (text.size() > 1 && text[0] == '$' && (letter_of(text[1]) == Letter::small || letter_of(text[1]) == Letter::capital));
}

}  // namespace

bool looks_random(std::string_view text) {
  if (is_known_form(text)) return false;
  if (is_hex_key(text)) return true;
  while (text.ends_with('=')) text.remove_suffix(1);   // of base64
  for (std::size_t begin = 0; begin < text.size();) {  // parts of a name, or of a token such as SG.xxx.yyy
    const std::size_t end = std::min(text.find_first_of(".:/", begin), text.size());
    if (is_drawn(text.substr(begin, end - begin))) return true;
    begin = end + 1;
  }
  // What has dots and colons is a name or a version as a whole; a slash or two may belong to base64.
  return text.find_first_of(".:") == std::string_view::npos && is_drawn(text);
}

}  // namespace conclave::security
