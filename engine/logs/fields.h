// The fields of a line: of a JSON object, of logfmt, and of "name=value" in a text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/time.h"

namespace conclave::logs {

enum class FieldKind : std::uint8_t { text, number, boolean, null };

struct Field {
  std::string_view name;   // with a dot between the names of objects in each other; of the reader, until its next field
  std::string_view value;  // of the line: without quotes, escapes as they stand there. "{}" and "[]" (null) are empty ones
  FieldKind kind = FieldKind::text;
  bool escaped = false;  // value has escapes: see text_of()
  bool in_list = false;  // one of several values of an array, each of which is a field of the same name
};

// Reads the fields of one line after the other, in their order, in one pass each and without allocating once it is warm. A JSON
// object may be the whole line, stand behind a header ("2026-03-01T12:00:00Z stdout F {...}") or be a value (payload={...}).
// Of a line that breaks off or goes wrong there are the fields before that place. Names that come again come again here. Deeper
// than max_depth nothing is read. Not shared between threads; borrows the line.
class FieldReader {
 public:
  static constexpr std::size_t max_depth = 32;
  static constexpr std::size_t longest_line = std::size_t{1} << 20U;  // bytes of a line that are read

  void start(std::string_view line);
  [[nodiscard]] bool next(Field& field);
  // Behind the last byte that was taken.
  [[nodiscard]] std::size_t position() const { return at_; }
  // So far: words of the line that are no field.
  [[nodiscard]] std::size_t words() const { return words_; }

 private:
  struct Open {
    bool object = true;
    bool empty = true;
    bool prefixed = false;  // its names stand behind another and a dot
    bool in_list = false;   // of its own, or an array around it
    std::size_t name_size = 0;
  };

  enum class Step : std::uint8_t { found, more, over };

  Step next_of_json(Field& field);
  Step read_value(Field& field);
  Step close(char c, Field& field);
  Step next_pair(Field& field);
  Step read_pair_value(Field& field);
  bool opens_object(std::size_t at) const;
  void open(bool object);
  bool skip_container();
  void skip_blanks();
  std::optional<std::string_view> quoted(bool& escaped);

  std::string_view line_;
  std::size_t at_ = 0;
  bool cut_ = false;         // the line goes on behind what is read
  bool apostrophes_ = true;  // there may be another one
  std::string name_;
  std::array<Open, max_depth> opens_;
  std::size_t depth_ = 0;
  std::size_t words_ = 0;
};

// The value with its escapes undone, in `buffer` if there are any. What is no character (half of a surrogate pair) is U+FFFD.
[[nodiscard]] std::string_view text_of(const Field& field, std::string& buffer);
[[nodiscard]] std::string_view without_escapes(std::string_view text, std::string& buffer);

// A number as it stands in a log. Integers are exact as far as 64 bits go.
struct FieldNumber {
  std::optional<std::int64_t> whole;
  double value = 0;
};
[[nodiscard]] std::optional<FieldNumber> number_of(std::string_view text);
// -1, 0 or 1.
[[nodiscard]] int compare(const FieldNumber& a, const FieldNumber& b);

// A value that is a time stamp from its first byte to its last, in any of the forms of timestamp.h. Numbers are seconds since
// 1970, or their thousandths and so on.
[[nodiscard]] std::optional<TimeUs> time_of(std::string_view value, TimeUs reference);

// What programs commonly call it: "ts", "@timestamp"; "lvl", "severity"; "msg", "message".
enum class FieldRole : std::uint8_t { other, time, level, message };
[[nodiscard]] FieldRole usual_role(std::string_view name);

enum class Structure : std::uint8_t { text, json, logfmt };
[[nodiscard]] std::string_view structure_name(Structure structure);
[[nodiscard]] Structure structure_of(std::string_view line);
// What most lines are, by a sample of at most a few hundred.
[[nodiscard]] Structure structure_of_log(std::string_view bytes);

}  // namespace conclave::logs
