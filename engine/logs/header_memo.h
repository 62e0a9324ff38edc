// Level and time of line after line, remembered by the shape of their headers. Internal to the room.
#pragma once

#include <emmintrin.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/logs/level.h"
#include "engine/logs/patterns.h"
#include "engine/logs/timestamp.h"

namespace conclave::logs {

struct Header {
  Level level = Level::unknown;
  bool stamped = false;
  bool zoned = false;
  StampFormat format = StampFormat::none;
  std::uint16_t stamp_begin = 0;  // offsets in the line
  std::uint16_t stamp_end = 0;
  TimeUs time = 0;
  bool iso_stamp = false;     // the seed's pattern for stamps matches; false: that is not known
  std::uint8_t searched = 0;  // in so many of the first bytes no match of it begins
};

[[nodiscard]] Header read_header(std::string_view line, TimeUs reference);

// Answers exactly what read_header() answers, faster. One thread at a time; about 2 MB.
class HeaderMemo {
 public:
  static constexpr std::size_t batch = 64;

  explicit HeaderMemo(TimeUs reference, Instructions instructions = widest_instructions());
  ~HeaderMemo();

  // `readable` is how many bytes from line.data() on may be read, also beyond the line.
  [[nodiscard]] Header read(std::string_view line, std::size_t readable);
  // The same for up to `batch` lines of one text in their order, faster still; `readable` from the first one on.
  void read(std::span<const std::string_view> lines, std::size_t readable, Header* out);

 private:
  static constexpr std::size_t block = 16;
  static constexpr std::array<std::size_t, 4> widths = {2, 3, 5, 8};                   // of the keys, in blocks
  static constexpr std::array<std::size_t, 4> slot_counts = {4096, 4096, 4096, 8192};  // powers of two
  static constexpr std::size_t key_bytes = widths.back() * block;
  static constexpr std::size_t day_count = 512;  // a power of two
  static constexpr std::uint8_t no_form = 255;

  // How to go on with lines of one key.
  enum class Way : std::uint8_t {
    empty,  // nothing is known
    wider_1,
    wider_2,
    wider_3,    // with the key of this of the widths
    whole,      // no key is wide enough
    unstamped,  // all is known, and there is no stamp
    clock,      // all is known but what the digits of the stamp say
    search      // the stamp is to be looked for
  };
  static constexpr std::size_t way_count = 8;

  // What is known of the lines of one key.
  struct alignas(16) Answer {
    Way way = Way::empty;
    std::uint8_t length = 0;  // of the line, as far as the key goes
    Level level = Level::unknown;
    std::uint8_t stamp = 0;       // where it begins, unless there is none
    std::uint8_t form = no_form;  // how to read it: a number of a Form
    bool stamped = false;
    bool iso_stamp = false;
    std::uint8_t searched = 0;
    std::uint8_t refused_count = 0;
    std::array<std::uint8_t, 4> refused{};

    void choose_way();  // of those by which all is known
  };

  // How stamps of one form are read, on whichever lines they are. The bytes before the clock say the day, those behind it the
  // zone. The clock is a dot product: its digits, brought into places that are the same for all forms, in pairs by weights.
  struct alignas(64) Form {
    std::array<char, block> date_mask{};
    std::array<char, block> tail_mask{};
    std::array<char, block> digits{};               // which byte of the clock is brought to each place; negative: none, a zero
    std::array<std::int16_t, block / 2> weights{};  // first for seconds, then for microseconds
    std::array<std::int16_t, block / 2> limits{};   // a pair beyond is no time
    ClockPlace place;
    StampFormat format = StampFormat::none;
    bool zoned = false;
    std::uint8_t clock = 0;  // offsets in the stamp
    std::uint8_t tail = 0;
    std::uint8_t end = 0;

    // The time of day; false if it is none. `arranged` holds its digits in their places.
    [[nodiscard]] bool read(__m128i arranged, TimeUs& time) const;
  };

  // A day that was read before: what its stamps of one form add to their clock.
  struct Day {
    alignas(64) std::array<char, block> date{};
    std::array<char, block> tail{};
    TimeUs midnight = 0;
    TimeUs earliest = 0;  // outside of these it is no stamp
    TimeUs latest = 0;
    std::uint8_t form = no_form;
  };

  template <std::size_t depth>
  struct Slot;
  template <std::size_t depth>
  struct Key;
  struct DayKey;
  struct Batch;

  // The answer for lines like this one; one that was another key's, or nobody's, is empty.
  template <std::size_t depth>
  [[nodiscard]] Answer& answer_at(std::string_view line);
  // Reads those lines of which all is known but what the digits of the stamp say; `known` tells the ways of the others. `Set`
  // arranges digits.
  template <class Set>
  void read_known(std::span<const std::string_view> lines, Batch& known, Header* out);
  void read_known_avx2(std::span<const std::string_view> lines, Batch& known, Header* out);
  // Finds the ways of those lines that have come to this depth.
  template <std::size_t depth>
  void find_ways(std::span<const std::string_view> lines, Batch& known);
  template <class Set>
  void read_clocks(std::span<const std::string_view> lines, Batch& known, Header* out);

  [[nodiscard]] Header answer_from(Answer& answer, std::string_view line);
  // Reads the line and puts what it rests on into `answer`, if a key of that depth holds all of it.
  [[nodiscard]] Header learn(Answer& answer, std::size_t depth, std::string_view line);
  // False if this is no stamp, or its day is not known.
  [[nodiscard]] bool time_of(std::uint8_t form, const char* stamp, __m128i arranged, TimeUs& time) const;
  // None if its digits do not fit.
  [[nodiscard]] static std::optional<Form> form_of(const LocatedStamp& found, const ClockPlace& place);
  // The form of this stamp, whose day is known from now on; no_form if it must be read anew each time.
  [[nodiscard]] std::uint8_t keep_form(std::string_view line, const LocatedStamp& found, const ClockPlace& place);

  struct Memory;
  TimeUs reference_;
  Instructions instructions_;
  std::unique_ptr<Memory> memory_;
};

}  // namespace conclave::logs
