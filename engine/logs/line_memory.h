// Lines that differ only in their digits are taken apart once. Internal to the room.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/logs/header_memo.h"
#include "engine/logs/level.h"
#include "engine/logs/shape.h"
#include "engine/logs/timestamp.h"

namespace conclave::logs {

// What a line of a kind has been found to be. It holds for each line that has the same stamp place and, but for the values of
// digits, the same bytes, save what is said to vary; the shape always belongs to that message.
struct KnownLine {
  static constexpr std::uint32_t no_shape = UINT32_MAX;

  std::uint64_t hash = 0;
  std::uint32_t text = 0;  // where the bytes of the kind begin in the memory
  std::uint32_t parameters = 0;
  std::uint32_t shape = no_shape;  // a number that the caller gives it
  std::uint16_t size = 0;
  std::uint16_t stamp_begin = 0;
  std::uint16_t stamp_end = 0;
  std::uint16_t level_end = 0;
  std::uint16_t message_begin = 0;
  std::uint16_t message_size = 0;
  std::uint16_t parameter_count = 0;
  StampFormat format = StampFormat::none;
  Level level = Level::unknown;
  bool level_varies = false;    // with the values of digits
  bool message_varies = false;  // where it begins does, and where it ends if it is in a record (JSON)
};

// Grows to some ten thousand kinds and is emptied then. One thread at a time; at most about 30 MB.
class LineMemory {
 public:
  static constexpr std::size_t batch = HeaderMemo::batch;

  LineMemory();

  // What is known of up to `batch` lines with these headers; null where nothing is. Valid until the next call of this function.
  void find(std::span<const std::string_view> lines, const Header* headers, KnownLine** out);
  [[nodiscard]] KnownLine* find(std::string_view line, const Header& header);
  // Keeps what a line is that is not known; null if that cannot be. `message` is a piece of it.
  KnownLine* add(std::string_view line, const Header& header, const LocatedLevel& level, std::string_view message);
  // Where parameters are in the message.
  void set_parameters(KnownLine& known, const std::vector<ShapeParameter>& parameters);
  [[nodiscard]] std::span<const ShapeParameter> parameters(const KnownLine& known) const {
    return std::span(parameters_).subspan(known.parameters, known.parameter_count);
  }
  void clear();

 private:
  [[nodiscard]] bool full() const;
  [[nodiscard]] std::size_t slot_of(std::uint64_t hash) const { return hash & (slots_.size() - 1); }
  [[nodiscard]] KnownLine* find(std::uint64_t hash, std::string_view line, const Header& header);
  void put_into_slot(std::uint32_t number);

  std::vector<KnownLine> kinds_;      // never moved
  std::vector<std::uint32_t> slots_;  // a power of two of them; one more than the number of a kind, 0 for an empty one
  std::vector<char> texts_;           // with digits as '0'
  std::vector<ShapeParameter> parameters_;
};

}  // namespace conclave::logs
