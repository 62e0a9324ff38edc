// Which lines belong to the record that a line before them started: stack traces and what is indented.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/logs/level.h"

namespace conclave::logs {

// Whether a line has a header, with which a record starts: `has_stamp` and `level` are what it declares.
[[nodiscard]] bool starts_record(std::string_view line, bool has_stamp, Level level);

// Sees the lines of a log in order. A value: a copy goes on from where it was taken. Give each line to either function.
class RecordFolder {
 public:
  // A line with a header.
  void start_record() { state_ = State::record; }
  // A line without a header: true if it belongs to the record before it. False as long as no line had a header.
  [[nodiscard]] bool continues(std::string_view line);

 private:
  enum class State : std::uint8_t { none, record, trace, python, go };
  State state_ = State::none;
};

// "\tat a.B.c(B.java:1)": whether a line begins with a blank and has more than blanks.
[[nodiscard]] bool is_indented(std::string_view line);

}  // namespace conclave::logs
