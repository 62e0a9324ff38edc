// The seed's three patterns, found 64 bytes at a time. Internal to the room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

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

}  // namespace conclave::logs
