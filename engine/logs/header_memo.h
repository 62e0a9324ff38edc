// Level and time of line after line, remembered by the shape of their headers. Internal to the room.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/logs/level.h"
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
};

[[nodiscard]] Header read_header(std::string_view line, TimeUs reference);

// Answers exactly what read_header() answers, faster. One thread at a time; about 2 MB.
class HeaderMemo {
 public:
  explicit HeaderMemo(TimeUs reference);

  // `readable` is how many bytes from line.data() on may be read, also beyond the line.
  [[nodiscard]] Header read(std::string_view line, std::size_t readable);

 private:
  static constexpr std::size_t block = 16;
  static constexpr std::array<std::size_t, 4> widths = {2, 3, 5, 8};             // of the keys, in blocks
  static constexpr std::array<std::size_t, 4> slots = {1024, 2048, 4096, 8192};  // powers of two
  static constexpr std::size_t key_bytes = widths.back() * block;
  static constexpr std::size_t day_count = 512;  // a power of two
  static constexpr std::uint8_t no_form = 255;

  // What is known of the lines of one key.
  struct Answer {
    enum class Kind : std::uint8_t { empty, here, deeper } kind = Kind::empty;
    std::uint8_t length = 0;  // of the line, as far as the key goes
    std::uint8_t next = 0;    // which of the widths to go on with, if deeper
    Level level = Level::unknown;
    bool stamped = false;
    std::uint8_t stamp = 0;       // where it begins
    std::uint8_t form = no_form;  // how to read it, in forms_
    std::uint8_t refused_count = 0;
    std::array<std::uint8_t, 4> refused{};
  };

  // How stamps of one form are read, on whichever lines they are. The bytes before the clock say the day, those behind it the
  // zone.
  struct Form {
    ClockPlace clock;
    StampFormat format = StampFormat::none;
    bool zoned = false;
    std::uint8_t tail_bytes = 0;
    alignas(16) std::array<char, block> date_mask{};
    std::array<char, block> tail_mask{};
  };

  // A day that was read before: what its stamps of one form add to the time of day.
  struct Day {
    alignas(16) std::array<char, block> date{};
    std::array<char, block> tail{};
    TimeUs midnight = 0;
    TimeUs earliest = 0;  // of an epoch, or it is no stamp
    TimeUs latest = 0;
    std::uint8_t form = no_form;
  };

  template <std::size_t blocks>
  struct Slot {
    std::array<char, blocks * block> key;
    Answer answer;
  };
  struct Key;

  // The answer for lines with this key; one that was another key's, or nobody's, is empty.
  template <std::size_t depth>
  [[nodiscard]] Answer& answer_at(Key& key);
  [[nodiscard]] Header answer_from(Answer& answer, std::string_view line);
  // Reads the line and puts what it rests on into `answer`, if a key of that depth holds all of it.
  [[nodiscard]] Header learn(Answer& answer, std::size_t depth, std::string_view line);
  [[nodiscard]] Day& day_of(std::uint8_t form, const char* stamp);
  // The form of this stamp, whose day is known from now on; no_form if it must be read anew each time.
  [[nodiscard]] std::uint8_t keep_form(std::string_view line, const LocatedStamp& found, const ClockPlace& clock);

  TimeUs reference_;
  std::tuple<std::vector<Slot<widths[0]>>, std::vector<Slot<widths[1]>>, std::vector<Slot<widths[2]>>,
             std::vector<Slot<widths[3]>>>
      slots_;
  std::vector<Form> forms_;  // at most no_form of them
  std::vector<Day> days_;
};

}  // namespace conclave::logs
