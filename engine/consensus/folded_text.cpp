#include "engine/consensus/folded_text.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

namespace conclave::consensus {
namespace {

constexpr char32_t replacement = 0xFFFD;

int combining_class(std::int32_t code_point) { return utf8proc_get_property(code_point)->combining_class; }

// utf8proc_decompose() would order marks in quadratic time; a log can hold a million of them in a row.
void order_marks(std::vector<std::int32_t>& points) {
  auto at = points.begin();
  while (at != points.end()) {
    const auto first = std::find_if(at, points.end(), [](std::int32_t p) { return combining_class(p) != 0; });
    at = std::find_if(first, points.end(), [](std::int32_t p) { return combining_class(p) == 0; });
    if (at - first > 1) {
      std::stable_sort(first, at, [](std::int32_t a, std::int32_t b) { return combining_class(a) < combining_class(b); });
    }
  }
}

std::vector<std::int32_t> decompose(std::string_view utf8, std::size_t limit) {
  const auto options =
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
  std::vector<std::int32_t> points;
  points.reserve(std::min(utf8.size(), limit));
  std::array<std::int32_t, 64> expanded{};
  int boundary = 0;
  const auto* next = reinterpret_cast<const utf8proc_uint8_t*>(utf8.data());
  auto left = static_cast<utf8proc_ssize_t>(utf8.size());
  while (left > 0 && points.size() < limit) {
    std::int32_t point = 0;
    utf8proc_ssize_t length = utf8proc_iterate(next, left, &point);
    if (length <= 0) {
      length = 1;
      point = replacement;
    }
    next += length;
    left -= length;
    const auto count = utf8proc_decompose_char(point, expanded.data(), expanded.size(), options, &boundary);
    if (count < 0 || count > static_cast<utf8proc_ssize_t>(expanded.size())) continue;
    points.insert(points.end(), expanded.begin(), expanded.begin() + count);
  }
  if (points.size() > limit) points.resize(limit);
  return points;
}

enum class Kind { space, word, symbol, separator };

Kind kind_of(char32_t point) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(point))) {
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
      return Kind::space;
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
    case UTF8PROC_CATEGORY_PC:
      return Kind::word;
    case UTF8PROC_CATEGORY_SM:
    case UTF8PROC_CATEGORY_SC:
    case UTF8PROC_CATEGORY_SK:
    case UTF8PROC_CATEGORY_SO:
      return Kind::symbol;
    default:
      return Kind::separator;
  }
}

// One round of SplitMix64 (Steele, Lea, Flood 2014) per code point.
constexpr std::uint64_t mix(std::uint64_t hash, char32_t point) {
  hash = (hash ^ point) + 0x9e3779b97f4a7c15ULL;
  hash = (hash ^ (hash >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  hash = (hash ^ (hash >> 27U)) * 0x94d049bb133111ebULL;
  return hash ^ (hash >> 31U);
}

}  // namespace

std::u32string fold_text(std::string_view utf8, std::size_t limit) {
  std::vector<std::int32_t> points = decompose(utf8, limit);
  order_marks(points);
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  const auto length = utf8proc_normalize_utf32(points.data(), static_cast<utf8proc_ssize_t>(points.size()), options);
  points.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
  std::u32string folded;
  folded.reserve(points.size());
  for (const std::int32_t point : points) {
    const auto unit = static_cast<char32_t>(point);
    if (kind_of(unit) != Kind::space) {
      folded += unit;
    } else if (!folded.empty() && folded.back() != U' ') {
      folded += U' ';
    }
  }
  if (!folded.empty() && folded.back() == U' ') folded.pop_back();
  return folded;
}

std::string composed(std::string_view utf8) {
  if (std::all_of(utf8.begin(), utf8.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80U; }))
    return std::string(utf8);
  utf8proc_uint8_t* made = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(utf8.data()), static_cast<utf8proc_ssize_t>(utf8.size()), &made,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> kept(made, &std::free);
  if (length < 0) return std::string(utf8);
  return {reinterpret_cast<const char*>(made), static_cast<std::size_t>(length)};
}

std::vector<std::uint64_t> word_hashes(std::u32string_view folded) {
  constexpr std::uint64_t seed = 0x776f7264;
  std::vector<std::uint64_t> hashes;
  std::uint64_t word = seed;
  const auto finish = [&] {
    if (word != seed) hashes.push_back(word);
    word = seed;
  };
  for (const char32_t point : folded) {
    const Kind kind = kind_of(point);
    if (kind != Kind::word) finish();
    if (kind == Kind::symbol || kind == Kind::word) word = mix(word, point);
    if (kind == Kind::symbol) finish();
  }
  finish();
  return hashes;
}

std::vector<std::uint64_t> character_ngram_hashes(std::u32string_view folded) {
  std::vector<std::uint64_t> hashes;
  if (folded.empty()) return hashes;
  const std::size_t size = folded.size() + 2;
  const auto at = [&](std::size_t i) { return i == 0 || i + 1 == size ? U' ' : folded[i - 1]; };
  hashes.reserve(3 * size);
  for (std::size_t i = 0; i + 3 <= size; ++i) {
    std::uint64_t hash = 0x6772616d;
    for (std::size_t length = 1; length <= 5 && i + length <= size; ++length) {
      hash = mix(hash, at(i + length - 1));
      if (length >= 3) hashes.push_back(hash);
    }
  }
  return hashes;
}

}  // namespace conclave::consensus
