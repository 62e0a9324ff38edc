// Level and time of line after line, remembered by the shape of their headers. Internal to the room.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/logs/level.h"
#include "engine/logs/timestamp.h"

namespace conclave::logs {

struct Header {
  Level level = Level::unknown;
  bool stamped = false;
  bool zoned = false;
  StampFormat format = StampFormat::none;
  TimeUs time = 0;
};

[[nodiscard]] Header read_header(std::string_view line, TimeUs reference);

// Answers exactly what read_header() answers, faster. One thread at a time; about 3 MB.
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

  struct Answer {
    enum class Kind : std::uint8_t { empty, here, deeper } kind = Kind::empty;
    std::uint8_t length = 0;  // of the line, as far as the key goes
    Level level = Level::unknown;
    bool stamped = false;
    bool zoned = false;
    StampFormat format = StampFormat::none;
    std::uint8_t stamp = 0;
    std::uint8_t tail_bytes = 0;
    std::uint8_t refused_count = 0;
    std::array<std::uint8_t, 4> refused{};
    ClockPlace clock;
    std::array<char, 16> date{};  // the bytes of the last stamp before its clock
    std::array<char, 16> tail{};  // and behind it
    TimeUs midnight = 0;          // of that stamp
  };

  [[nodiscard]] Header answer_from(Answer& answer, std::string_view line) const;
  // Reads the line and puts what it rests on into `answer`, if a key of `width` bytes holds all of that.
  [[nodiscard]] Header learn(Answer& answer, std::size_t width, std::string_view line) const;
  void keep_stamp(Answer& answer, std::string_view line, const LocatedStamp& found, const ClockPlace& clock) const;

  TimeUs reference_;
  std::array<std::vector<Answer>, widths.size()> answers_;
  std::array<std::vector<char>, widths.size()> keys_;
};

}  // namespace conclave::logs
