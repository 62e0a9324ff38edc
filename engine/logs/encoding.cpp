#include "engine/logs/encoding.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "engine/base/text.h"

namespace conclave::logs {
namespace {

constexpr std::size_t whole = std::size_t{1} << 20U;  // looked at if there is no more
constexpr std::size_t window = std::size_t{32} << 10U;
constexpr std::size_t windows = whole / window;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80; }

// Bytes that begin a character of several, by eights.
std::size_t count_beginnings(std::string_view piece) {
  std::size_t count = 0;
  std::uint64_t eight = 0;
  for (; piece.size() >= sizeof eight; piece.remove_prefix(sizeof eight)) {
    std::memcpy(&eight, piece.data(), sizeof eight);
    const std::uint64_t beginnings = eight & eight << 1U & 0x8080808080808080U;  // the two highest bits are set
    if (beginnings != 0) count += static_cast<std::size_t>(std::popcount(beginnings));
  }
  for (const char c : piece) count += static_cast<unsigned char>(c) >= 0xC0 ? 1 : 0;
  return count;
}

// Without the parts of characters that a cut leaves at both ends.
std::string_view between_characters(std::string_view piece) {
  constexpr std::size_t longest_rest = 3;
  for (std::size_t i = 0; i < longest_rest && !piece.empty() && is_continuation(piece.front()); ++i) piece.remove_prefix(1);
  for (std::size_t i = 1; i <= std::min(longest_rest, piece.size()); ++i) {
    const auto byte = static_cast<unsigned char>(piece[piece.size() - i]);
    if (byte >= 0xC0) return piece.substr(0, piece.size() - i);
    if (byte < 0x80) break;
  }
  return piece;
}

void append(char32_t code, std::string& out) {
  if (code >= 0x800) {
    out += static_cast<char>(0xE0U | code >> 12U);
    out += static_cast<char>(0x80U | (code >> 6U & 0x3FU));
  } else {
    out += static_cast<char>(0xC0U | code >> 6U);
  }
  out += static_cast<char>(0x80U | (code & 0x3FU));
}

}  // namespace

std::string_view encoding_name(Encoding encoding) {
  constexpr std::array<std::string_view, 4> names = {"utf-8", "latin-1", "utf-16le", "utf-16be"};
  return names.at(static_cast<std::size_t>(encoding));
}

void EncodingEvidence::add(std::string_view piece) {
  if (piece.find('\0') != std::string_view::npos) binary_ = true;
  while (!piece.empty() && !binary_) {
    const std::size_t end = std::min(find_invalid_utf8(piece), piece.size());
    characters_ += count_beginnings(piece.substr(0, end));
    if (end == piece.size()) return;
    ++invalid_;
    piece.remove_prefix(end + 1);
  }
}

Encoding encoding_of(std::string_view bytes) {
  EncodingEvidence found;
  if (bytes.size() <= whole) {
    found.add(bytes);
  } else {
    for (std::size_t i = 0; i < windows; ++i) {
      found.add(between_characters(bytes.substr((bytes.size() - window) / (windows - 1) * i, window)));
    }
  }
  return found.verdict();
}

std::string letters_of(std::string_view bytes, Encoding encoding) {
  const bool decode = encoding == Encoding::latin1 && find_invalid_utf8(bytes) != std::string_view::npos;
  return decode ? latin1_to_utf8(bytes) : valid_utf8(bytes);
}

std::string latin1_to_utf8(std::string_view bytes) {
  // 0x80 to 0x9F, https://encoding.spec.whatwg.org/index-windows-1252.txt
  constexpr std::array<char32_t, 32> c1 = {0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
                                           0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD, 0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
                                           0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      append(byte < 0xA0 ? c1[byte - 0x80U] : byte, text);
    }
  }
  return text;
}

}  // namespace conclave::logs
