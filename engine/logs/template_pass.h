// The pass over a log that counts shapes. Internal to the room.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/time.h"
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

// What is known of whole lines, one behind the other.
struct ShapePart {
  // A line before the first stamp: its time, and whether it goes on with a record, is known to the part before.
  struct HeadLine {
    std::string_view text;  // in the log
    std::uint32_t shape = 0;
    Level level = Level::unknown;
  };

  ShapeTable shapes{SIZE_MAX};
  std::uint64_t lines = 0;
  std::vector<HeadLine> head;
  std::optional<TimeUs> last_stamp;         // of all lines
  std::uint32_t last_record = no_template;  // shape of it; only with last_stamp
  RecordFolder folder;                      // behind the last line; only with last_stamp
  std::vector<std::uint32_t> assignments;   // of the lines behind the head; only if they are kept
};

// What one worker keeps from chunk to chunk.
struct LineTools {
  explicit LineTools(TimeUs reference) : headers(reference) {}
  HeaderMemo headers;
  LineMemory lines;
  std::uint64_t parts = 0;  // that were begun with these
};

// `offset`: of the chunk in all logs; `before`: all of its log counts as before the change.
[[nodiscard]] ShapePart read_chunk(std::string_view chunk, std::uint64_t offset, bool before, LineTools& tools,
                                   const TemplateOptions& options, const Job& job);

[[nodiscard]] bool in_time_range(std::optional<TimeUs> time, const TemplateOptions& options);

// The first line of `bytes`, without its end, and what is left behind it.
[[nodiscard]] std::string_view take_line(std::string_view& bytes);

}  // namespace conclave::logs
