// Each literal is filtered by its first three letters, folded to lower case with | 0x20 (which maps only 'A'..'Z' onto letters),
// and the stamp by the places of its four separators; what is left is compared in full. Vectors of SSE2 are the baseline; AVX2 is
// chosen at run time.
#include "engine/logs/patterns.h"

#include <emmintrin.h>
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "engine/logs/summary.h"
#include "engine/logs/timestamp.h"

namespace conclave::logs {
namespace {

bool folded_equal(std::string_view text, std::size_t at, std::string_view word) {
  if (at + word.size() > text.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if ((text[at + i] | 0x20) != word[i]) return false;
  }
  return true;
}

void masks_sse2(const char* bytes, std::size_t blocks, BlockMasks* out) {
  const auto load = [](const char* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); };
  const auto is = [](__m128i v, char c) { return _mm_cmpeq_epi8(v, _mm_set1_epi8(c)); };
  const auto both = [](__m128i a, __m128i b) { return _mm_and_si128(a, b); };
  const auto either = [](__m128i a, __m128i b) { return _mm_or_si128(a, b); };
  const auto bits = [](__m128i v) { return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(v))); };
  const __m128i fold = _mm_set1_epi8(0x20);
  for (std::size_t block = 0; block < blocks; ++block) {
    BlockMasks masks;
    for (unsigned part = 0; part < 4; ++part) {
      const char* p = bytes + block * block_bytes + part * 16U;
      const __m128i raw = load(p);
      const __m128i a = either(raw, fold);
      const __m128i b = either(load(p + 1), fold);
      const __m128i c = either(load(p + 2), fold);
      const __m128i e = is(a, 'e');
      const __m128i r = is(c, 'r');
      const __m128i error = either(both(e, either(both(is(b, 'r'), r), both(is(b, 'x'), is(c, 'c')))),
                                   both(both(is(a, 'f'), is(b, 'a')), is(c, 'i')));
      const __m128i warning = either(both(both(is(a, 'w'), is(b, 'a')), r), both(both(is(a, 'd'), is(b, 'e')), is(c, 'p')));
      const __m128i stamp = both(both(is(raw, '-'), is(load(p + 3), '-')), both(is(load(p + 9), ':'), is(load(p + 12), ':')));
      masks.newline |= bits(is(raw, '\n')) << (part * 16U);
      masks.error |= bits(error) << (part * 16U);
      masks.warning |= bits(warning) << (part * 16U);
      masks.stamp |= bits(stamp) << (part * 16U);
    }
    out[block] = masks;
  }
}

// Lambdas do not inherit the target attribute, so the helpers are macros of this function only.
__attribute__((target("avx2"))) void masks_avx2(const char* bytes, std::size_t blocks, BlockMasks* out) {
#define LOAD(p) _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))
#define IS(v, c) _mm256_cmpeq_epi8(v, _mm256_set1_epi8(c))
#define BOTH(x, y) _mm256_and_si256(x, y)
#define EITHER(x, y) _mm256_or_si256(x, y)
#define BITS(v) static_cast<std::uint64_t>(static_cast<unsigned>(_mm256_movemask_epi8(v)))
  const __m256i fold = _mm256_set1_epi8(0x20);
  for (std::size_t block = 0; block < blocks; ++block) {
    BlockMasks masks;
    for (unsigned part = 0; part < 2; ++part) {
      const char* p = bytes + block * block_bytes + part * 32U;
      _mm_prefetch(p + 2048, _MM_HINT_T0);
      const __m256i raw = LOAD(p);
      const __m256i a = EITHER(raw, fold);
      const __m256i b = EITHER(LOAD(p + 1), fold);
      const __m256i c = EITHER(LOAD(p + 2), fold);
      const __m256i e = IS(a, 'e');
      const __m256i r = IS(c, 'r');
      const __m256i error = EITHER(BOTH(e, EITHER(BOTH(IS(b, 'r'), r), BOTH(IS(b, 'x'), IS(c, 'c')))),
                                   BOTH(BOTH(IS(a, 'f'), IS(b, 'a')), IS(c, 'i')));
      const __m256i warning = EITHER(BOTH(BOTH(IS(a, 'w'), IS(b, 'a')), r), BOTH(BOTH(IS(a, 'd'), IS(b, 'e')), IS(c, 'p')));
      const __m256i stamp = BOTH(BOTH(IS(raw, '-'), IS(LOAD(p + 3), '-')), BOTH(IS(LOAD(p + 9), ':'), IS(LOAD(p + 12), ':')));
      masks.newline |= BITS(IS(raw, '\n')) << (part * 32U);
      masks.error |= BITS(error) << (part * 32U);
      masks.warning |= BITS(warning) << (part * 32U);
      masks.stamp |= BITS(stamp) << (part * 32U);
    }
    out[block] = masks;
  }
#undef LOAD
#undef IS
#undef BOTH
#undef EITHER
#undef BITS
}

std::uint64_t newlines_sse2(const char* p, std::size_t size) {
  const __m128i newline = _mm_set1_epi8('\n');
  __m128i total = _mm_setzero_si128();
  for (std::size_t at = 0; at + 16 <= size;) {
    __m128i counts = _mm_setzero_si128();  // one byte per column: at most 255 rounds
    for (int round = 0; round < 255 && at + 16 <= size; ++round, at += 16) {
      counts = _mm_sub_epi8(counts, _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p + at)), newline));
    }
    total = _mm_add_epi64(total, _mm_sad_epu8(counts, _mm_setzero_si128()));
  }
  std::array<std::uint64_t, 2> sums{};
  _mm_storeu_si128(reinterpret_cast<__m128i*>(sums.data()), total);
  return sums[0] + sums[1];
}

__attribute__((target("avx2"))) std::uint64_t newlines_avx2(const char* p, std::size_t size) {
  const __m256i newline = _mm256_set1_epi8('\n');
  __m256i total = _mm256_setzero_si256();
  for (std::size_t at = 0; at + 32 <= size;) {
    __m256i counts = _mm256_setzero_si256();
    for (int round = 0; round < 255 && at + 32 <= size; ++round, at += 32) {
      _mm_prefetch(p + at + 2048, _MM_HINT_T0);
      counts = _mm256_sub_epi8(counts, _mm256_cmpeq_epi8(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + at)), newline));
    }
    total = _mm256_add_epi64(total, _mm256_sad_epu8(counts, _mm256_setzero_si256()));
  }
  std::array<std::uint64_t, 4> sums{};
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums.data()), total);
  return sums[0] + sums[1] + sums[2] + sums[3];
}

bool has_avx2() {
  static const bool answer = __builtin_cpu_supports("avx2") != 0;
  return answer;
}

// Calls is_at for the candidates of one line until one is a match.
template <class IsAt>
bool any_match(std::string_view line, std::uint64_t BlockMasks::*kind, IsAt is_at) {
  constexpr std::size_t blocks = 16;
  std::array<BlockMasks, blocks> masks;
  std::array<char, blocks * block_bytes + block_lookahead> padded;
  for (std::size_t begin = 0; begin < line.size(); begin += blocks * block_bytes) {
    const std::size_t size = std::min(line.size() - begin, blocks * block_bytes);
    const std::size_t used = (size + block_bytes - 1) / block_bytes;
    const char* p = line.data() + begin;
    if (line.size() - begin < used * block_bytes + block_lookahead) {
      padded.fill('\0');
      std::memcpy(padded.data(), p, std::min(line.size() - begin, padded.size()));
      p = padded.data();
    }
    find_masks(p, used, masks.data());
    for (std::size_t block = 0; block < used; ++block) {
      for (std::uint64_t bits = masks[block].*kind; bits != 0; bits &= bits - 1) {
        if (is_at(line, begin + block * block_bytes + static_cast<std::size_t>(std::countr_zero(bits)))) return true;
      }
    }
  }
  return false;
}

}  // namespace

void find_masks(const char* bytes, std::size_t blocks, BlockMasks* out) {
  has_avx2() ? masks_avx2(bytes, blocks, out) : masks_sse2(bytes, blocks, out);
}

std::uint64_t count_newlines(std::string_view bytes) {
  const std::size_t whole = bytes.size() & ~std::size_t{31};
  const std::uint64_t count = has_avx2() ? newlines_avx2(bytes.data(), whole) : newlines_sse2(bytes.data(), whole);
  const std::string_view rest = bytes.substr(whole);
  return count + static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n'));
}

bool is_error_at(std::string_view text, std::size_t at) {
  return folded_equal(text, at, "error") || folded_equal(text, at, "exception") || folded_equal(text, at, "failed");
}

bool is_warning_at(std::string_view text, std::size_t at) {
  return folded_equal(text, at, "warn") || folded_equal(text, at, "deprecated");
}

bool is_stamp_at(std::string_view text, std::size_t dash) {
  constexpr std::string_view shape = "dddd-dd-dd.dd:dd:dd";
  if (dash < 4 || dash - 4 + shape.size() > text.size()) return false;
  const std::string_view found = text.substr(dash - 4, shape.size());
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const char c = found[i];
    if (shape[i] == 'd' && (c < '0' || c > '9')) return false;
  }
  const char gap = found[10];
  return found[7] == '-' && found[4] == '-' && found[13] == ':' && found[16] == ':' &&
         (gap == 'T' || gap == ' ' || (gap >= '\t' && gap <= '\r' && gap != '\n'));
}

bool matches_error(std::string_view line) { return any_match(line, &BlockMasks::error, is_error_at); }
bool matches_warning(std::string_view line) { return any_match(line, &BlockMasks::warning, is_warning_at); }
bool has_iso_stamp(std::string_view line) { return any_match(line, &BlockMasks::stamp, is_stamp_at); }

}  // namespace conclave::logs
