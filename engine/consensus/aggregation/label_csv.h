// Comma-separated values (RFC 4180), record by record, each with the line at which it begins. Internal to this room.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace conclave::consensus {

// Borrows the text. Lines end in LF or CRLF; a byte order mark is skipped; a quote inside an unquoted field is a letter.
class CsvRecords {
 public:
  explicit CsvRecords(std::string_view text);

  // False at the end; then there are no fields.
  bool next(std::vector<std::string>& fields);
  [[nodiscard]] std::size_t line() const { return line_; }   // of the last record, 1-based
  [[nodiscard]] bool unclosed() const { return unclosed_; }  // it ended inside quotes

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t next_line_ = 1;
  bool unclosed_ = false;
};

}  // namespace conclave::consensus
