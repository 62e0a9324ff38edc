// The lines of a log that an expression holds for.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/logs/expression.h"
#include "engine/logs/line_set.h"
#include "engine/logs/templates.h"

namespace conclave::logs {

struct FoundLine {
  std::uint64_t number = 0;  // 1-based
  std::uint64_t begin = 0;   // offset of its first byte
  std::string_view text;     // without its end
};

struct SearchOptions {
  TimeUs reference = 0;                       // for stamps without a year; 0 is now
  const TemplateGroups* templates = nullptr;  // of these bytes, with assignments; else they are mined if a filter needs them
  bool keep_lines = true;                     // false: only counts are wanted
  std::size_t threads = 0;                    // 0: all
  // Lines as they are found, in order; called on any thread, by one at a time. False ends the search there.
  std::function<bool(std::span<const FoundLine>)> on_found;
};

struct SearchResult {
  LineSet lines;                      // empty without keep_lines
  std::uint64_t found = 0;            // lines that were found
  std::uint64_t line_count = 0;       // lines of the log
  std::vector<std::uint64_t> counts;  // lines that were found and hold the counted pattern
  bool complete = true;               // false if on_found ended it
};

// An expression made ready once for any number of logs. Immutable; any thread; cheap to copy.
class Search {
 public:
  [[nodiscard]] static Result<Search> compile(Expression expression, std::vector<TextPattern> counted = {});

  // Line by line: LF ends a line, and a CR before it is no part of it; a last line without LF counts. The result depends on
  // bytes, expression and reference only. ErrorKind::limit if a regular expression is too hard for a line.
  [[nodiscard]] Result<SearchResult> run(std::string_view bytes, const SearchOptions& options, Job& job) const;
  // With another size of pieces; for tests.
  [[nodiscard]] Result<SearchResult> run_in_chunks(std::string_view bytes, const SearchOptions& options, Job& job,
                                                   std::size_t chunk_bytes) const;

 private:
  struct Parts;
  std::shared_ptr<const Parts> parts_;
};

}  // namespace conclave::logs
