// The pass over a log that counts shapes. Internal to the room.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/time.h"
#include "engine/logs/chunks.h"
#include "engine/logs/header_memo.h"
#include "engine/logs/level.h"
#include "engine/logs/line_memory.h"
#include "engine/logs/record.h"
#include "engine/logs/shape.h"
#include "engine/logs/shape_table.h"
#include "engine/logs/templates.h"

namespace conclave::logs {

// A line without its end, taken apart.
struct ParsedLine {
  std::optional<TimeUs> stamp;
  Level level = Level::unknown;
  std::string_view message;
};
[[nodiscard]] ParsedLine parse_line(std::string_view line, const TemplateOptions& options);

// What one worker keeps from chunk to chunk, which come to it in their order. Lines in its statistics are line_key()s.
struct LineTools {
  explicit LineTools(TimeUs reference) : headers(reference) {}
  HeaderMemo headers;
  LineMemory lines;
  ShapeMaker maker;
  ShapeTable shapes{SIZE_MAX};
};

// Where a line is that was not numbered yet: keys are in the order of lines.
[[nodiscard]] constexpr std::uint64_t line_key(std::size_t chunk, std::uint64_t line) {
  return static_cast<std::uint64_t>(chunk) << 32U | line;
}

// What a chunk adds to what its worker knows. Numbers of shapes are the worker's.
struct ShapePart {
  // A line before the first stamp of the log: its time, and whether it goes on with a record, is known to the part before.
  struct HeadLine {
    std::string_view text;  // in the log
    std::uint32_t shape = 0;
    Level level = Level::unknown;
  };

  std::size_t log = 0;
  const LineTools* worker = nullptr;
  std::uint64_t lines = 0;
  std::vector<std::string> texts;      // of shapes that the worker had not met before
  std::vector<std::uint32_t> counted;  // shapes that the worker had not counted before, in the order of their first line
  std::vector<HeadLine> head;
  std::optional<TimeUs> last_stamp;         // of all lines
  std::uint32_t last_record = no_template;  // shape of it; only with last_stamp
  RecordFolder folder;                      // behind the last line; only with last_stamp
  std::vector<std::uint32_t> assignments;   // of the lines behind the head; only if they are kept
  std::optional<ShapeTable> full;           // all the worker has had so far, if that became much: it has begun anew
};

// `offset`: of the chunk in all logs; `before`: all of its log counts as before the change.
[[nodiscard]] ShapePart read_chunk(const LogChunk& chunk, std::uint64_t offset, bool before, LineTools& tools,
                                   const TemplateOptions& options, const Job& job);

[[nodiscard]] bool in_time_range(std::optional<TimeUs> time, const TemplateOptions& options);

// The first line of `bytes`, without its end, and what is left behind it.
[[nodiscard]] std::string_view take_line(std::string_view& bytes);

}  // namespace conclave::logs
