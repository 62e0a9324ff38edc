#include "app/cli/log_search_output.h"

#include <algorithm>

#include "app/cli/terminal.h"
#include "engine/logs/level.h"
#include "engine/logs/timestamp.h"

namespace conclave::cli {
namespace {

constexpr std::size_t piece = std::size_t{64} << 10U;

std::string_view line_from(std::string_view bytes, std::size_t begin) {
  std::string_view text = bytes.substr(begin);
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// Offset behind the line that begins at `begin`.
std::size_t behind_line(std::string_view bytes, std::size_t begin) {
  const std::size_t end = bytes.find('\n', begin);
  return end == std::string_view::npos ? bytes.size() : end + 1;
}

// Where the line before the one at `begin` > 0 begins.
std::size_t line_before(std::string_view bytes, std::size_t begin) {
  if (begin < 2) return 0;
  const std::size_t end = bytes.rfind('\n', begin - 2);
  return end == std::string_view::npos ? 0 : end + 1;
}

// The start of what is left, no more than `piece`, without the beginning of a character of UTF-8 at its end: a line may be a
// gigabyte, which is not held in memory to be written.
std::string_view take_piece(std::string_view& left) {
  constexpr std::size_t longest_character = 4;
  std::size_t size = std::min(left.size(), piece);
  const auto is_inside = [&](std::size_t at) { return (static_cast<unsigned char>(left[at]) & 0xC0U) == 0x80U; };
  for (std::size_t i = 0; i < longest_character && size < left.size() && size > 1 && is_inside(size); ++i) --size;
  const std::string_view taken = left.substr(0, size);
  left.remove_prefix(size);
  return taken;
}

std::string json_words(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Letters that JSON has as they are. No branch for any of them, so that it is many at once.
bool is_plain(std::string_view text) {
  bool plain = true;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    plain &= byte >= ' ' && byte < 0x80 && byte != '"' && byte != '\\';
  }
  return plain;
}

void put_json_words(std::string_view words, const logs::LogBytes& log, std::string& out) {
  if (is_plain(words)) {
    out += words;
    return;
  }
  const std::string quoted = json_words(log.text(words));
  out.append(quoted, 1, quoted.size() - 2);  // without its quotes
}

}  // namespace

std::optional<logs::Record> FoundParts::next(const logs::FoundLine& line) {
  std::optional<logs::Record> part = records_ ? finder_->next(line.number, line.begin, job_)
                                              : logs::Record{line.number, line.number, line.begin, line.begin + line.text.size()};
  count_ += part ? 1 : 0;
  return part;
}

FoundText::FoundText(Output& out, FoundParts& parts, const logs::Highlighter& highlighter, std::uint64_t context, bool named)
    : out_(out),
      parts_(parts),
      highlighter_(highlighter),
      context_(context),
      named_(named),
      terminal_(is_terminal(out.descriptor())),
      colour_(wants_colour(out.descriptor())) {}

void FoundText::begin(const logs::LogBytes& log) {
  name_ = terminal_ ? harmless(log.name()) : log.name();
  log_ = &log;
  bytes_ = log.view();
  next_line_ = any_ ? 0 : 1;  // 0: what was written is of another log
  next_begin_ = 0;
  owed_ = 0;
}

// On a terminal.
std::string FoundText::shown(std::string_view text) const { return harmless(log_->text(text)); }

void FoundText::put(std::uint64_t number, char sign, std::string_view text) {
  if (named_) (waiting_ += painted(name_, Colour::dim, colour_)) += sign;
  (waiting_ += painted(std::to_string(number), Colour::green, colour_)) += sign;
  std::size_t done = 0;
  if (colour_ && sign == ':') {
    for (const logs::Span& span : highlighter_.find(text)) {
      put_letters(text.substr(done, span.begin - done));
      waiting_ += painted(shown(text.substr(span.begin, span.end - span.begin)), Colour::red, true);
      done = span.end;
    }
  }
  put_letters(text.substr(done));
  waiting_ += '\n';
  write_waiting(piece);
}

void FoundText::write_waiting(std::size_t least) {
  if (waiting_.size() < least) return;
  out_.write(waiting_);
  waiting_.clear();
}

void FoundText::put_letters(std::string_view text) {
  while (!text.empty()) {
    const std::string_view some = take_piece(text);
    if (terminal_) {
      waiting_ += shown(some);
    } else {
      log_->encoding() == logs::Encoding::latin1 ? waiting_ += log_->text(some) : waiting_ += some;
    }
    write_waiting(piece);
  }
}

void FoundText::context_after(std::uint64_t until) {
  for (; owed_ > 0 && next_line_ < until && next_begin_ < bytes_.size() && !out_.closed(); --owed_) {
    put(next_line_++, '-', line_from(bytes_, next_begin_));
    next_begin_ = behind_line(bytes_, next_begin_);
  }
}

void FoundText::context_before(const logs::Record& part) {
  std::uint64_t first = part.first;
  std::size_t begin = part.begin;
  for (std::uint64_t i = 0; i < context_ && first > std::max<std::uint64_t>(next_line_, 1); ++i) {
    --first;
    begin = line_before(bytes_, begin);
  }
  if (context_ > 0 && any_ && first > next_line_) waiting_ += painted("--", Colour::dim, colour_) + "\n";
  for (; first < part.first; ++first) {
    put(first, '-', line_from(bytes_, begin));
    begin = behind_line(bytes_, begin);
  }
}

void FoundText::put_part(const logs::Record& part) {
  std::size_t begin = part.begin;
  for (std::uint64_t number = part.first; number < part.last && !out_.closed(); ++number) {
    put(number, ':', line_from(bytes_, begin));
    begin = behind_line(bytes_, begin);
  }
  put(part.last, ':', bytes_.substr(begin, part.end - begin));
}

void FoundText::add(std::span<const logs::FoundLine> lines) {
  for (const logs::FoundLine& line : lines) {
    if (out_.closed()) return;
    const auto part = parts_.next(line);
    if (!part) continue;
    if (context_ > 0) {
      context_after(part->first);
      context_before(*part);
    }
    put_part(*part);
    any_ = true;
    owed_ = context_;
    next_line_ = part->last + 1;
    if (context_ > 0) next_begin_ = behind_line(bytes_, part->end);
  }
  write_waiting(0);
}

void FoundText::end() {
  context_after(UINT64_MAX);
  write_waiting(0);
}

void FoundJson::add(const logs::LogBytes& log, std::span<const logs::FoundLine> lines, TimeUs reference) {
  std::string text;
  for (const logs::FoundLine& line : lines) {
    const auto part = parts_.next(line);
    if (!part) continue;
    const std::string_view first = line_from(log.view(), part->begin);
    const auto stamp = logs::find_stamp(first, reference);
    nlohmann::json match = {{"path", log.name()}, {"line", part->first}, {"level", logs::level_name(logs::level_of(first))}};
    if (parts_.are_records()) match["lines"] = part->last - part->first + 1;
    text += any_ ? ",\n    " : "{\n  \"matches\": [\n    ";
    text += json_words(match);
    text.back() = ',';
    text += "\"text\":\"";
    for (std::string_view left = log.view().substr(part->begin, part->end - part->begin); !left.empty();) {
      put_json_words(take_piece(left), log, text);
      if (text.size() < piece) continue;
      out_.write(text);
      text.clear();
    }
    text += "\",\"time\":" + (stamp ? json_words(format_time(stamp->time)) : "null") + "}";
    any_ = true;
    if (text.size() < piece) continue;
    out_.write(text);
    text.clear();
  }
  out_.write(text);
}

void FoundJson::end(const nlohmann::json& rest) {
  std::string text = any_ ? "\n  ]" : "{\n  \"matches\": []";
  for (const auto& [key, value] : rest.items()) {
    text += ",\n  " + json_words(key) + ": " + json_words(value);
  }
  out_.write(text + "\n}\n");
}

}  // namespace conclave::cli
