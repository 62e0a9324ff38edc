// The seed's three patterns, found 64 bytes at a time. Internal to the room.
#pragma once

#include <emmintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "engine/logs/digits.h"

namespace conclave::logs {

// One bit per byte of a 64-byte block; bit i stands for byte i.
struct BlockMasks {
  std::uint64_t newline = 0;
  std::uint64_t word = 0;   // one of the words of the error and the warning pattern may begin here: see word_at()
  std::uint64_t stamp = 0;  // the first '-' of a shape dash..dash
};

inline constexpr std::size_t block_bytes = 64;
inline constexpr std::size_t block_lookahead = 16;  // readable bytes needed behind the last block

// Masks of `blocks` blocks from `bytes`, with the widest instructions of this machine.
void find_masks(const char* bytes, std::size_t blocks, BlockMasks* out);

// The instructions to use; for tests and the benchmark. A machine that lacks them must not be told to.
enum class Instructions : std::uint8_t { sse2, avx2, avx512 };
[[nodiscard]] Instructions widest_instructions();
void find_masks_with(Instructions instructions, const char* bytes, std::size_t blocks, BlockMasks* out);

[[nodiscard]] std::uint64_t count_newlines(std::string_view bytes);

// Whether a candidate is a match; `text` must hold the whole line or more.
enum class WordKind : std::uint8_t { none, error, warning };
[[nodiscard]] WordKind word_at(std::string_view text, std::size_t at);
[[nodiscard]] bool is_stamp_at(std::string_view text, std::size_t dash);

inline bool is_stamp_at(std::string_view text, std::size_t dash) {
  constexpr std::string_view shape = "0000-00-00.00:00:00";
  if (dash < 4 || dash - 4 + shape.size() > text.size()) return false;
  const char* const found = text.data() + dash - 4;
  const auto fits = [&](std::size_t from) {  // 16 bytes, with digits as '0' and the gap passed over
    const __m128i plain = zeros_for_digits(_mm_loadu_si128(reinterpret_cast<const __m128i*>(found + from)));
    const __m128i wanted = _mm_loadu_si128(reinterpret_cast<const __m128i*>(shape.data() + from));
    return static_cast<unsigned>((_mm_movemask_epi8(_mm_cmpeq_epi8(plain, wanted)) | 1 << (10 - from)) == 0xffff);
  };
  const char gap = found[10];
  const unsigned gap_fits =
      static_cast<unsigned>(gap == 'T') | static_cast<unsigned>(gap == ' ') |
      (static_cast<unsigned>(gap >= '\t') & static_cast<unsigned>(gap <= '\r') & static_cast<unsigned>(gap != '\n'));
  return (fits(0) & fits(3) & gap_fits) != 0;
}

// word_at() for bytes of which word_bytes can be read; without a branch.
inline constexpr std::size_t word_bytes = 10;
[[nodiscard]] inline WordKind word_at(const char* at) {
  constexpr auto as_number = [](std::string_view word) {
    std::uint64_t number = 0;
    for (std::size_t i = word.size(); i-- > 0;) number = number << 8U | static_cast<unsigned char>(word[i]);
    return number;
  };
  const auto folded = [](const char* from) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, from, sizeof bytes);
    return bytes | 0x2020202020202020U;
  };
  const auto begins = [](std::uint64_t bytes, std::uint64_t word, unsigned size) {
    return static_cast<unsigned>(((bytes ^ word) & (~std::uint64_t{0} >> (64 - 8 * size))) == 0);
  };
  const std::uint64_t head = folded(at);
  const std::uint64_t next = folded(at + 2);
  const unsigned error = begins(head, as_number("error"), 5) | begins(head, as_number("failed"), 6) |
                         (begins(head, as_number("exceptio"), 8) & begins(next, as_number("ception"), 7));
  const unsigned warning =
      begins(head, as_number("warn"), 4) | (begins(head, as_number("deprecat"), 8) & begins(next, as_number("precated"), 8));
  return static_cast<WordKind>(error * static_cast<unsigned>(WordKind::error) +
                               warning * static_cast<unsigned>(WordKind::warning));
}

}  // namespace conclave::logs
