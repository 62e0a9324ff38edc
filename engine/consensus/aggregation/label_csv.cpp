#include "engine/consensus/aggregation/label_csv.h"

#include <utility>

namespace conclave::consensus {

CsvRecords::CsvRecords(std::string_view text) : text_(text) {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  if (text_.starts_with(mark)) text_.remove_prefix(mark.size());
}

bool CsvRecords::next(std::vector<std::string>& fields) {
  fields.clear();
  line_ = next_line_;
  if (at_ == text_.size()) return false;
  std::string field;
  bool quoted = false;
  while (at_ < text_.size()) {
    const char c = text_[at_++];
    if (c == '\n') ++next_line_;
    if (quoted) {
      if (c != '"') {
        field += c;
      } else if (at_ < text_.size() && text_[at_] == '"') {
        field += text_[at_++];
      } else {
        quoted = false;
      }
    } else if (c == '"' && field.empty()) {
      quoted = true;
    } else if (c == ',') {
      fields.push_back(std::exchange(field, {}));
    } else if (c == '\n') {
      break;
    } else if (c != '\r' || (at_ < text_.size() && text_[at_] != '\n')) {
      field += c;
    }
  }
  unclosed_ = quoted;
  fields.push_back(std::move(field));
  return true;
}

}  // namespace conclave::consensus
