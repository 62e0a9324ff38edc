// Lines that differ only in their digits are taken apart once. Internal to the room.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/logs/level.h"
#include "engine/logs/shape.h"
#include "engine/logs/timestamp.h"

namespace conclave::logs {

// What a line of a kind has been found to be. All of it holds for each line that has the same stamp place and, but for the values
// of digits, the same bytes.
struct KnownLine {
  std::uint64_t hash = 0;
  std::string_view text;  // of the first one, in the log; empty if nothing is known
  std::uint32_t stamp_begin = 0;
  std::uint32_t stamp_end = 0;
  std::uint32_t message = 0;  // where it begins
  StampFormat format = StampFormat::none;
  Level level = Level::unknown;
  bool varies = false;       // with the values of digits: only text is of use
  std::uint32_t number = 0;  // of its shape in the part `part`
  std::uint64_t part = 0;
  std::string shape;
  std::vector<ShapeParameter> parameters;
};

// A cache of as many kinds as it has places, for lines of logs that stay where they are. One thread at a time.
class LineMemory {
 public:
  LineMemory() : places_(place_count) {}

  // The place for such lines: a kind that is known if its text is not empty, else for the caller to fill in with what does not
  // depend on digits. Null if such a line is not to be remembered.
  [[nodiscard]] KnownLine* find(std::string_view line, const std::optional<LocatedStamp>& stamp);

 private:
  static constexpr std::size_t place_count = std::size_t{1} << 15U;
  std::vector<KnownLine> places_;
};

// Memories that those who work on pieces of a log take turns with. Any thread.
class LineMemories {
 public:
  [[nodiscard]] std::unique_ptr<LineMemory> take();
  void give_back(std::unique_ptr<LineMemory> memory);
  [[nodiscard]] std::uint64_t next_part() { return ++parts_; }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<LineMemory>> free_;
  std::atomic<std::uint64_t> parts_{0};
};

// Stamps "2026-03-01 12:00:05,123" of lines in a row: within one minute only the seconds are read. The same as locate_stamp().
class MinuteStamps {
 public:
  explicit MinuteStamps(TimeUs reference) : reference_(reference) {}
  [[nodiscard]] std::optional<LocatedStamp> locate(std::string_view line);

 private:
  [[nodiscard]] bool same_minute(std::string_view line) const;

  TimeUs reference_;
  std::string_view last_;  // a line whose stamp is of that form; empty if there is none
  LocatedStamp stamp_;
  TimeUs minute_ = 0;
};

}  // namespace conclave::logs
