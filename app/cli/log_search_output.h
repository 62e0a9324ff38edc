// Lines that a search finds, written as they come.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "app/cli/program.h"
#include "engine/base/job.h"
#include "engine/logs/highlight.h"
#include "engine/logs/record_finder.h"
#include "engine/logs/search.h"
#include "engine/logs/source.h"

namespace conclave::cli {

// Lines as they are found, as the parts of the log to be shown: each by itself, or the records that they belong to.
class FoundParts {
 public:
  FoundParts(bool records, TimeUs reference, const Job& job) : records_(records), reference_(reference), job_(job) {}
  void begin(const logs::LogBytes& log) {
    finder_.emplace(log.view(), reference_);
    count_ = 0;
  }
  // Nothing if it is in the record before.
  [[nodiscard]] std::optional<logs::Record> next(const logs::FoundLine& line);
  [[nodiscard]] bool are_records() const { return records_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }  // of this log so far

 private:
  bool records_;
  TimeUs reference_;
  const Job& job_;
  std::optional<logs::RecordFinder> finder_;
  std::uint64_t count_ = 0;
};

// As grep writes: "path:line:text" (without the path if there is only one log), "path-line-text" around it, "--" between blocks
// that do not touch. Raw bytes unless the log is Latin-1, but harmless and with the texts painted on a terminal. One log after
// the other, one thread at a time.
class FoundText {
 public:
  FoundText(Output& out, FoundParts& parts, const logs::Highlighter& highlighter, std::uint64_t context, bool named);
  void begin(const logs::LogBytes& log);
  void add(std::span<const logs::FoundLine> lines);
  void end();  // of this log

 private:
  void context_before(const logs::Record& part);
  void put_part(const logs::Record& part);
  void context_after(std::uint64_t until);
  [[nodiscard]] std::string shown(std::string_view text) const;
  void put(std::uint64_t number, char sign, std::string_view text);
  void put_letters(std::string_view text);
  void write_waiting(std::size_t least);  // bytes, if there are so many

  Output& out_;
  FoundParts& parts_;
  const logs::Highlighter& highlighter_;
  std::uint64_t context_;
  bool named_;
  bool terminal_;
  bool colour_;
  std::string name_;
  const logs::LogBytes* log_ = nullptr;
  std::string_view bytes_;
  std::string waiting_;
  std::uint64_t next_line_ = 1;  // the first line that has not been written
  std::size_t next_begin_ = 0;   // where it begins
  std::uint64_t owed_ = 0;       // lines still to come behind the last one found
  bool any_ = false;             // something has been written
};

// {"matches": [{"path", "line", "text", "level", "time"}, ...], ...}: valid JSON also when the search ends early. Of a record
// "line", "level" and "time" are those of its first line, and "lines" is how many it has.
class FoundJson {
 public:
  FoundJson(Output& out, FoundParts& parts) : out_(out), parts_(parts) {}
  void add(const logs::LogBytes& log, std::span<const logs::FoundLine> lines, TimeUs reference);
  // `rest` is what follows the matches.
  void end(const nlohmann::json& rest);

 private:
  Output& out_;
  FoundParts& parts_;
  bool any_ = false;
};

}  // namespace conclave::cli
