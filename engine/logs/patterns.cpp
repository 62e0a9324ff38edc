// Five words (error, exception, failed, warn, deprecated; "warning" begins with "warn") are looked for at once: a table per
// column, looked up by the low four bits of a byte, says which words may have that byte at that place of their first four; the
// tables' answers are combined with "and". Upper and lower case have the same low bits. What is left is compared in full, as are
// stamps, which are filtered by their two dashes. SSE2, the baseline, has no table look-up and compares with each letter; AVX2
// and AVX-512 are chosen at run time. (The idea is that of Hyperscan's Teddy, https://github.com/intel/hyperscan,
// src/fdr/teddy.c.)
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
      const __m128i stamp = both(is(raw, '-'), is(load(p + 3), '-'));
      masks.newline |= bits(is(raw, '\n')) << (part * 16U);
      masks.word |= bits(either(error, warning)) << (part * 16U);
      masks.stamp |= bits(stamp) << (part * 16U);
    }
    out[block] = masks;
  }
}

// Column c, low half byte n: bit w is set if byte c of word w ends in n.
constexpr std::array<std::string_view, 5> word_heads = {"erro", "exce", "fail", "warn", "depr"};
constexpr std::array<std::array<std::uint8_t, 16>, 4> columns = [] {
  std::array<std::array<std::uint8_t, 16>, 4> tables{};
  for (std::size_t word = 0; word < word_heads.size(); ++word) {
    for (std::size_t column = 0; column < tables.size(); ++column) {
      auto& entry = tables[column][static_cast<unsigned char>(word_heads[word][column]) & 15U];
      entry = static_cast<std::uint8_t>(entry | (1U << word));
    }
  }
  return tables;
}();

__m128i table(std::size_t column) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(columns[column].data())); }

// Lambdas do not inherit the target attribute, so the helpers are macros of this function only.
__attribute__((target("avx2"))) void masks_avx2(const char* bytes, std::size_t blocks, BlockMasks* out) {
#define LOAD(p) _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))
#define IS(v, c) _mm256_cmpeq_epi8(v, _mm256_set1_epi8(c))
#define BITS(v) static_cast<std::uint64_t>(static_cast<unsigned>(_mm256_movemask_epi8(v)))
  const __m256i first = _mm256_broadcastsi128_si256(table(0));
  const __m256i second = _mm256_broadcastsi128_si256(table(1));
  const __m256i third = _mm256_broadcastsi128_si256(table(2));
  const __m256i fourth = _mm256_broadcastsi128_si256(table(3));
  const __m256i zero = _mm256_setzero_si256();
  for (std::size_t block = 0; block < blocks; ++block) {
    const char* const begin = bytes + block * block_bytes;
    _mm_prefetch(begin + 2048, _MM_HINT_T0);
    std::uint64_t newline = 0;
    std::uint64_t no_word = 0;
    std::uint64_t stamp = 0;
    for (unsigned part = 0; part < 2; ++part) {
      const char* const p = begin + part * 32U;
      const __m256i a = LOAD(p);
      const __m256i d = LOAD(p + 3);
      const __m256i words =
          _mm256_and_si256(_mm256_and_si256(_mm256_shuffle_epi8(first, a), _mm256_shuffle_epi8(second, LOAD(p + 1))),
                           _mm256_and_si256(_mm256_shuffle_epi8(third, LOAD(p + 2)), _mm256_shuffle_epi8(fourth, d)));
      newline |= BITS(IS(a, '\n')) << (part * 32U);
      no_word |= BITS(_mm256_cmpeq_epi8(words, zero)) << (part * 32U);
      stamp |= BITS(_mm256_and_si256(IS(a, '-'), IS(d, '-'))) << (part * 32U);
    }
    out[block] = {newline, ~no_word, stamp};
  }
#undef LOAD
#undef IS
#undef BITS
}

__attribute__((target("avx512f,avx512bw"))) void masks_avx512(const char* bytes, std::size_t blocks, BlockMasks* out) {
  const __m512i first = _mm512_maskz_broadcast_i32x4(0xffff, table(0));
  const __m512i second = _mm512_maskz_broadcast_i32x4(0xffff, table(1));
  const __m512i third = _mm512_maskz_broadcast_i32x4(0xffff, table(2));
  const __m512i fourth = _mm512_maskz_broadcast_i32x4(0xffff, table(3));
  const __m512i dash = _mm512_set1_epi8('-');
  const __m512i line_feed = _mm512_set1_epi8('\n');
  for (std::size_t block = 0; block < blocks; ++block) {
    const char* const p = bytes + block * block_bytes;
    _mm_prefetch(p + 2048, _MM_HINT_T0);
    const __m512i a = _mm512_loadu_si512(p);
    const __m512i d = _mm512_loadu_si512(p + 3);
    const __m512i words =
        _mm512_and_si512(_mm512_and_si512(_mm512_shuffle_epi8(first, a), _mm512_shuffle_epi8(second, _mm512_loadu_si512(p + 1))),
                         _mm512_and_si512(_mm512_shuffle_epi8(third, _mm512_loadu_si512(p + 2)), _mm512_shuffle_epi8(fourth, d)));
    out[block] = {_mm512_cmpeq_epi8_mask(a, line_feed), _mm512_test_epi8_mask(words, words),
                  _mm512_mask_cmpeq_epi8_mask(_mm512_cmpeq_epi8_mask(a, dash), d, dash)};
  }
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

Instructions widest_instructions() {
  static const Instructions widest = __builtin_cpu_supports("avx512bw") != 0 ? Instructions::avx512
                                     : has_avx2()                            ? Instructions::avx2
                                                                             : Instructions::sse2;
  return widest;
}

void find_masks_with(Instructions instructions, const char* bytes, std::size_t blocks, BlockMasks* out) {
  switch (instructions) {
    case Instructions::avx512:
      return masks_avx512(bytes, blocks, out);
    case Instructions::avx2:
      return masks_avx2(bytes, blocks, out);
    case Instructions::sse2:
      return masks_sse2(bytes, blocks, out);
  }
}

void find_masks(const char* bytes, std::size_t blocks, BlockMasks* out) {
  find_masks_with(widest_instructions(), bytes, blocks, out);
}

std::uint64_t count_newlines(std::string_view bytes) {
  const std::size_t whole = bytes.size() & ~std::size_t{31};
  const std::uint64_t count = has_avx2() ? newlines_avx2(bytes.data(), whole) : newlines_sse2(bytes.data(), whole);
  const std::string_view rest = bytes.substr(whole);
  return count + static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n'));
}

WordKind word_at(std::string_view text, std::size_t at) {
  if (at + word_bytes <= text.size()) return word_at(text.data() + at);
  std::array<char, word_bytes> rest{};
  std::memcpy(rest.data(), text.data() + at, text.size() - at);
  return word_at(rest.data());
}

bool matches_error(std::string_view line) {
  return any_match(line, &BlockMasks::word,
                   [](std::string_view text, std::size_t at) { return word_at(text, at) == WordKind::error; });
}
bool matches_warning(std::string_view line) {
  return any_match(line, &BlockMasks::word,
                   [](std::string_view text, std::size_t at) { return word_at(text, at) == WordKind::warning; });
}
bool has_iso_stamp(std::string_view line) { return any_match(line, &BlockMasks::stamp, is_stamp_at); }

}  // namespace conclave::logs
