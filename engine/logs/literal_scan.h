// Many literals at once, with the lines that hold each. Internal to the room.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/job.h"
#include "engine/logs/line_bits.h"

namespace conclave::logs {

struct Literal {
  std::string text;  // not empty, without LF
  bool any_case = false;
};

// Immutable; any thread.
class LiteralScan {
 public:
  enum class Instructions : std::uint8_t { scalar, ssse3, avx2 };
  [[nodiscard]] static Instructions best();

  explicit LiteralScan(const std::vector<Literal>& literals, Instructions instructions = best());

  // Sets in found[i] the lines, counted from 0, that hold literal i. Returns the number of lines. `chunk` is whole lines. Returns
  // early, with something, once the job is stopped.
  std::size_t scan(std::string_view chunk, std::span<LineBits> found, const Job& job) const;

  // Where literal i begins at or after `from`; npos.
  [[nodiscard]] std::size_t find(std::size_t literal, std::string_view line, std::size_t from) const;

  static constexpr std::size_t window = 3;  // bytes of a literal that are looked for first
  // For the byte at each place of the window, by its lower and upper half: one bit per bucket of literals.
  struct Tables {
    std::array<std::array<std::uint8_t, 16>, window> low{};
    std::array<std::array<std::uint8_t, 16>, window> high{};
  };

 private:
  struct Prepared {
    std::string text;        // folded to small letters where any case will do
    std::string fold;        // 0x20 for such letters
    std::uint64_t head = 0;  // the first eight bytes of text, fold and which of them count
    std::uint64_t head_fold = 0;
    std::uint64_t head_mask = 0;
    std::size_t offset = 0;  // of the window in the text
  };
  [[nodiscard]] bool is_at(const Prepared& literal, std::string_view chunk, std::size_t at) const;

  std::vector<Prepared> literals_;
  std::array<std::vector<std::uint32_t>, 8> buckets_;
  Tables tables_;
  Instructions instructions_;
};

}  // namespace conclave::logs
