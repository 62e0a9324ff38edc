// The pass over the bytes of a chunk. Internal to the room.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/logs/patterns.h"
#include "engine/logs/summary_part.h"

namespace conclave::logs {

// Keeps what it learned about headers from one chunk to the next. One thread at a time; borrows the options.
class SummaryScan {
 public:
  // What of its lines is looked at: the seed's patterns, and level and time.
  enum class Reads : std::uint8_t { patterns, headers };
  explicit SummaryScan(const SummaryOptions& options, Instructions instructions = widest_instructions(),
                       Reads reads = Reads::headers);

  // `chunk` holds whole lines and is a part of `log`, all of which can be read. Ends early if the job is stopped.
  [[nodiscard]] SummaryPart run(std::string_view log, std::string_view chunk, const Job& job);
  // The same of the seed's patterns alone; only of a scan that reads nothing else.
  [[nodiscard]] PatternCounts count(std::string_view log, std::string_view chunk, const Job& job);

 private:
  static constexpr std::size_t window_bytes = 8192;
  static constexpr std::size_t window_blocks = window_bytes / block_bytes;

  // Places in the window, in order; room for what is written past the end before it is known not to count.
  struct Places {
    std::array<std::uint32_t, window_bytes + 8> at;
    std::size_t count = 0;
    // Of one block that begins at `begin`; gives the new count. More than two are rare: so many are written without a branch.
    [[gnu::always_inline]] std::size_t take(std::uint64_t bits, std::uint32_t begin, std::size_t before) {
      const auto next = [&] {
        const auto place = begin + static_cast<std::uint32_t>(std::countr_zero(bits | std::uint64_t{1} << 63U));
        bits &= bits - 1;
        return place;
      };
      const std::size_t after = before + static_cast<std::size_t>(std::popcount(bits));
      at[before] = next();
      at[before + 1] = next();
      for (std::size_t i = before + 2; i < after; ++i) at[i] = next();
      return after;
    }
  };

  void scan_windows(std::string_view log, std::string_view chunk, const Job& job);
  void scan_window(std::size_t begin, std::size_t size);
  void use_masks(const char* bytes, std::size_t blocks);
  void use_masks_avx2(const char* bytes, std::size_t blocks);
  // Notes for the lines of the window at `bytes` which words they hold.
  void mark_words(const char* bytes);
  void end_lines();
  // The window where only the counts are asked for.
  void count_lines(const char* bytes, std::size_t blocks);
  void count_lines_avx2(const char* bytes, std::size_t blocks);
  void add(std::span<const std::string_view> texts);
  // How many line ends, or how many places where a stamp may be, there are in the window before the byte at `at`.
  [[nodiscard]] std::size_t line_ends_before(std::uint32_t at) const;
  [[nodiscard]] std::size_t stamps_before(std::uint32_t at) const;
  // Whether there is a stamp in these bytes of the window.
  [[nodiscard]] bool has_stamp(std::uint32_t from, std::uint32_t to) const;

  const SummaryOptions& options_;
  const Instructions instructions_;
  std::optional<HeaderMemo> headers_;
  std::optional<UserPatterns::Matcher> matcher_;
  std::vector<UserPatterns::Answer> answers_;
  std::array<BlockMasks, window_blocks + 1> masks_{};  // the last one stays empty
  std::array<char, window_bytes + block_lookahead> padded_;
  Places newlines_;
  Places words_;   // where one may be
  Places stamps_;  // the same, for the counts alone
  // Of the window, before each block, and before what follows on the last one.
  std::array<std::uint32_t, window_blocks + 1> newlines_before_;
  std::array<std::uint32_t, window_blocks + 1> stamps_before_;
  std::array<std::uint8_t, window_bytes + 1> marks_;  // of each line

  LineBatch lines_;                                      // headers are left as they are if they are not read
  std::array<std::string_view, LineBatch::most> texts_;  // of these lines

  // Of the run:
  std::string_view chunk_;
  std::size_t readable_behind_ = 0;  // bytes of the log behind the chunk
  std::optional<SummaryPart> part_;
  PatternCounts counts_;          // lines: those that have ended
  std::uint64_t last_error_ = 0;  // the line with the last one counted, from 0
  std::uint64_t last_warning_ = 0;
  std::uint64_t last_stamp_ = 0;
  unsigned marks_so_far_ = 0;   // of the line under way, from windows before
  std::size_t window_ = 0;      // where it begins in the chunk
  std::size_t line_begin_ = 0;  // of the line under way
};

}  // namespace conclave::logs
