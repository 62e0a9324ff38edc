// Nobody marks where a record ends, so what may follow one is known by its look. Indented lines belong to the record above:
// frames of Java ("\tat ..."), Python ("  File ..."), Node ("    at ...") and Go ("\t/src/main.go:12 +0x1d"), and what programs
// print in several lines. Lines of a trace that are not indented have forms of their own: "Traceback (most recent call last):",
// "Caused by: ...", "panic: ...", "goroutine 1 [running]:", "java.io.IOException: ...", "ValueError: ...", and PHP's "#0
// /srv/a.php(1): f()". Between the frames of Go stand calls ("main.main()") and blank lines. Any other line without a header is a
// message of its own.
#include "engine/logs/record.h"

#include <algorithm>
#include <array>

namespace conclave::logs {
namespace {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
constexpr bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '$';
}

template <std::size_t N>
bool starts_with_one(std::string_view line, const std::array<std::string_view, N>& starts) {
  return std::any_of(starts.begin(), starts.end(), [&](std::string_view start) { return line.starts_with(start); });
}

// "java.io.IOException: x", "ValueError", "Exception in thread "main" java.lang.Error: x", "Uncaught TypeError: x"
bool names_an_exception(std::string_view line) {
  if (line.starts_with("Exception in thread ") || line.starts_with("Uncaught ")) return true;
  std::size_t end = 0;
  while (end < line.size() && is_name(line[end])) ++end;
  const std::string_view name = line.substr(0, end);
  const bool ends = end == line.size() || line[end] == ':';
  constexpr std::array<std::string_view, 5> kinds = {"Exception", "Error", "Interrupt", "Warning", "Throwable"};
  return ends && std::any_of(kinds.begin(), kinds.end(), [&](std::string_view kind) { return name.ends_with(kind); });
}

// What ends a Python traceback may have any name: "custom.Failure: x".
bool is_name_and_text(std::string_view line) {
  std::size_t end = 0;
  while (end < line.size() && is_name(line[end])) ++end;
  return end > 0 && (end == line.size() || line.substr(end).starts_with(": "));
}

// "#3 /srv/app.php(12): App->run()"
bool is_php_frame(std::string_view line) {
  const std::size_t end = line.find_first_not_of("0123456789", 1);
  return line.starts_with('#') && end != std::string_view::npos && end > 1 && line[end] == ' ';
}

// "main.main()", "net/http.(*conn).serve(0xc0001, {0x7f})"
bool is_go_call(std::string_view line) {
  return line.ends_with(')') && line.find('.') < line.find('(') && line.find(' ') > line.find('(');
}

}  // namespace

bool is_indented(std::string_view line) {
  return !line.empty() && is_blank(line[0]) && !std::all_of(line.begin(), line.end(), is_blank);
}

bool starts_record(std::string_view line, bool has_stamp, Level level) {
  return has_stamp || (level != Level::unknown && !is_indented(line));
}

bool RecordFolder::continues(std::string_view line) {
  if (state_ == State::none) return false;
  constexpr std::size_t longest_look = 512;
  line = line.substr(0, longest_look);
  if (is_indented(line)) return true;
  if (std::all_of(line.begin(), line.end(), is_blank)) return state_ == State::go || state_ == State::python;
  constexpr std::array<std::string_view, 3> python = {
      "Traceback (most recent call last)", "During handling of the above exception", "The above exception was the direct cause"};
  constexpr std::array<std::string_view, 4> go = {"goroutine ", "panic: ", "fatal error: ", "[signal "};
  constexpr std::array<std::string_view, 6> other = {"Caused by: ", "Suppressed: ", "... ",
                                                     "Node.js v",   "Stack trace:", "[stacktrace]"};
  if (starts_with_one(line, python)) {
    state_ = State::python;
    return true;
  }
  if (starts_with_one(line, go)) {
    state_ = State::go;
    return true;
  }
  if (state_ == State::go && (is_go_call(line) || line.starts_with("created by ") || line.starts_with("exit status ")))
    return true;
  if (state_ == State::python && is_name_and_text(line)) {
    state_ = State::trace;
    return true;
  }
  if (starts_with_one(line, other) || names_an_exception(line) || is_php_frame(line)) {
    state_ = State::trace;
    return true;
  }
  if (state_ == State::trace && (line == "}" || line == "]" || line == "\"}")) return true;  // Node, Monolog
  state_ = State::record;
  return false;
}

}  // namespace conclave::logs
