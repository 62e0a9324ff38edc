// The seed's three patterns, found 64 bytes at a time. Internal to the room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace conclave::logs {

// One bit per byte of a 64-byte block; bit i stands for byte i.
struct BlockMasks {
  std::uint64_t newline = 0;
  std::uint64_t error = 0;    // "err", "exc", "fai" in any case begins here: a candidate, see is_error_at()
  std::uint64_t warning = 0;  // "war", "dep"
  std::uint64_t stamp = 0;    // the first '-' of a shape dash..dash.....colon..colon
};

inline constexpr std::size_t block_bytes = 64;
inline constexpr std::size_t block_lookahead = 16;  // readable bytes needed behind the last block

// Masks of `blocks` blocks from `bytes`, with the widest instructions of this machine.
void find_masks(const char* bytes, std::size_t blocks, BlockMasks* out);

[[nodiscard]] std::uint64_t count_newlines(std::string_view bytes);

// Whether a candidate is a match; `text` must hold the whole line or more.
[[nodiscard]] bool is_error_at(std::string_view text, std::size_t at);
[[nodiscard]] bool is_warning_at(std::string_view text, std::size_t at);
[[nodiscard]] bool is_stamp_at(std::string_view text, std::size_t dash);

}  // namespace conclave::logs
