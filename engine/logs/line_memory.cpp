// Most lines of a log differ from one before only in numbers. What they are taken apart into (level, where the message begins,
// its shape) depends on where digits stand, hardly ever on their values; so it is kept under a hash of the line with all digits
// made '0', sixteen bytes at a time, and the lines are compared in the same way before it is used. The few things that do look at
// values are left out: a second stamp in a header, levels written as numbers.
#include "engine/logs/line_memory.h"

#include <emmintrin.h>

#include <algorithm>

#include "engine/logs/digits.h"
#include "engine/logs/json_header.h"
#include "engine/logs/word_kind.h"

namespace conclave::logs {
namespace {

constexpr std::size_t shortest_line = 16;
constexpr std::size_t longest_line = 1024;
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

__m128i without_digits(const char* at) { return zeros_for_digits(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))); }

std::uint64_t fold(std::uint64_t a, std::uint64_t b) {  // the step of wyhash (Wang Yi, 2019)
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

std::uint64_t add_to_hash(std::uint64_t hash, __m128i bytes) {
  const auto low = static_cast<std::uint64_t>(_mm_cvtsi128_si64(bytes));
  const auto high = static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(bytes, bytes)));
  return fold(hash ^ low, high ^ 0xa0761d6478bd642fULL);
}

// Of a line of at least 16 bytes; its last 16 are looked at whatever its size.
std::uint64_t hash_without_digits(std::string_view line) {
  std::uint64_t hash = 0x9e3779b97f4a7c15ULL ^ line.size();
  for (std::size_t at = 0; at + 16 < line.size(); at += 16) hash = add_to_hash(hash, without_digits(line.data() + at));
  return add_to_hash(hash, without_digits(line.data() + line.size() - 16));
}

bool same_without_digits(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const auto differ = [&](std::size_t at) { return _mm_xor_si128(without_digits(a.data() + at), without_digits(b.data() + at)); };
  __m128i all = differ(a.size() - 16);
  for (std::size_t at = 0; at + 16 < a.size(); at += 16) all = _mm_or_si128(all, differ(at));
  return _mm_movemask_epi8(_mm_cmpeq_epi8(all, _mm_setzero_si128())) == 0xffff;
}

// Whether a stamp could begin in the first 64 bytes of `rest`, before a message has begun.
bool may_hold_stamp(std::string_view rest) {
  constexpr std::size_t window = 66;
  const std::size_t end = std::min({rest.find(": "), rest.size(), window}) + 2;
  std::size_t run = 0;  // of digits; those that begin in the window count
  for (std::size_t i = 0; i < rest.size() && (i < end || run > 0); ++i) {
    const char c = rest[i];
    if (is_digit(c)) {
      ++run;
      continue;
    }
    if (run >= 6 || (run == 4 && c == ' ')) return true;
    if (run > 0 && (c == '-' || c == '/' || c == '.' || c == ':') && i + 1 < rest.size() && is_digit(rest[i + 1])) return true;
    run = 0;
    if (i < end && c >= 'A' && c <= 'Z' && is_calendar_word(rest.substr(i, 3))) return true;
  }
  return run >= 6;
}

}  // namespace

KnownLine* LineMemory::find(std::string_view line, const Header& header) {
  if (line.size() < shortest_line || line.size() > longest_line) return nullptr;
  const std::uint64_t hash = hash_without_digits(line);
  KnownLine& known = places_[hash % place_count];
  if (known.hash == hash && known.stamp_begin == header.stamp_begin && known.stamp_end == header.stamp_end &&
      known.format == header.format && same_without_digits(known.text, line)) {
    return known.varies ? nullptr : &known;
  }
  known.text = {};
  known.hash = hash;
  known.stamp_begin = header.stamp_begin;
  known.stamp_end = header.stamp_end;
  known.format = header.format;
  const auto wrapped = is_json_line(line) ? json_message(line) : std::nullopt;
  known.varies = read_level(line).by_value || (wrapped          ? may_hold_stamp(*wrapped)
                                               : header.stamped ? may_hold_stamp(line.substr(header.stamp_end))
                                                                : false);
  if (!known.varies) return &known;
  known.text = line;
  return nullptr;
}

}  // namespace conclave::logs
