// The pass over the bytes of a chunk. Internal to the room.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/logs/patterns.h"
#include "engine/logs/summary_part.h"

namespace conclave::logs {

// Keeps what it learned about headers from one chunk to the next. One thread at a time; borrows the options.
class SummaryScan {
 public:
  explicit SummaryScan(const SummaryOptions& options);

  // `chunk` holds whole lines and is a part of `log`, all of which can be read. Ends early if the job is stopped.
  [[nodiscard]] SummaryPart run(std::string_view log, std::string_view chunk, const Job& job);

 private:
  static constexpr std::size_t window_bytes = 8192;
  static constexpr std::size_t window_blocks = window_bytes / block_bytes;

  // Places in the window, in order; room for what is written past the end before it is known not to count.
  struct Places {
    std::array<std::uint32_t, window_bytes + 8> at;
    std::size_t count = 0;
    void take(std::uint64_t bits, std::uint32_t begin) {
      std::uint32_t* to = at.data() + count;
      for (int i = 0; i < 2; ++i) {  // without a branch; more than two are rare
        *to = begin + static_cast<std::uint32_t>(std::countr_zero(bits | std::uint64_t{1} << 63U));
        to += bits != 0 ? 1 : 0;
        bits &= bits - 1;
      }
      for (; bits != 0; bits &= bits - 1) *to++ = begin + static_cast<std::uint32_t>(std::countr_zero(bits));
      count = static_cast<std::size_t>(to - at.data());
    }
  };

  void scan_window(std::size_t begin, std::size_t size);
  // Notes for the lines of the window at `bytes` which patterns match.
  void mark_words(const char* bytes);
  void mark_stamps();
  // Which line of the window, counted by line ends, the byte at `at` belongs to.
  [[nodiscard]] std::size_t line_of(std::uint32_t at) const;
  void end_line(std::size_t end, std::size_t next, unsigned marks);

  const SummaryOptions& options_;
  HeaderMemo headers_;
  std::optional<UserPatterns::Matcher> matcher_;
  std::vector<UserPatterns::Answer> answers_;
  std::array<BlockMasks, window_blocks> masks_;
  std::array<char, window_bytes + block_lookahead> padded_;
  Places newlines_;
  std::array<std::uint32_t, window_blocks> newlines_before_;  // of the window, before each block
  Places words_;                                              // where one may be
  Places stamps_;
  std::array<std::uint8_t, window_bytes + 1> marks_;  // of each line

  // Of the run:
  std::string_view chunk_;
  std::size_t readable_behind_ = 0;  // bytes of the log behind the chunk
  std::optional<SummaryPart> part_;
  unsigned marks_so_far_ = 0;   // of the line under way, from windows before
  std::size_t window_ = 0;      // where it begins in the chunk
  std::size_t line_begin_ = 0;  // of the line under way
};

}  // namespace conclave::logs
