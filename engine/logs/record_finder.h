// Whole records, for lines that were found: a stack trace with the line that it belongs to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/base/time.h"
#include "engine/logs/line_index.h"
#include "engine/logs/line_set.h"
#include "engine/logs/record.h"

namespace conclave::logs {

// Lines of a log that belong together, by the rule of record.h.
struct Record {
  std::uint64_t first = 0;  // line, 1-based
  std::uint64_t last = 0;
  std::size_t begin = 0;  // of its text, offsets in the log
  std::size_t end = 0;    // without the end of its last line
  bool operator==(const Record&) const = default;
};

// Asked for lines in order; looks at no line twice, and at lines that are far before the ones asked for not at all. Borrows the
// bytes. One thread at a time.
class RecordFinder {
 public:
  RecordFinder(std::string_view bytes, TimeUs reference) : bytes_(bytes), reference_(reference) {}

  // The record of the line `number`, which begins at `begin`; nothing if it is the one that was given last. A stopped job cuts it
  // short.
  [[nodiscard]] std::optional<Record> next(std::uint64_t number, std::size_t begin, const Job& job);

 private:
  struct Line {
    std::string_view text;
    std::size_t behind = 0;  // where the next one begins
  };
  [[nodiscard]] Line line_at(std::size_t begin) const;
  [[nodiscard]] bool has_header(std::string_view line) const;
  void take(const Line& line, bool continues);

  std::string_view bytes_;
  TimeUs reference_;
  RecordFolder folder_;          // behind the lines that were taken
  std::uint64_t next_line_ = 1;  // the first that was not
  std::size_t next_begin_ = 0;
  Record record_;  // of the last that was
};

// The records that lines belong to: their first lines, and all their lines.
struct RecordLines {
  LineSet firsts;
  LineSet lines;
};
[[nodiscard]] Result<RecordLines> records_of(std::string_view bytes, const LineIndex& index, const LineSet& found,
                                             TimeUs reference, Job& job);

}  // namespace conclave::logs
