// A header is read from the left, token by token: times, numbers, names in brackets, upper-case words, and at most two plain
// words (host and program). A level word counts if it is written as headers write it: in capitals, in brackets, with a colon
// directly behind the program's name, or right after the time. The first plain message word ends the search.
#include "engine/logs/level.h"

#include <algorithm>
#include <optional>

#include "engine/logs/json_header.h"

namespace conclave::logs {
namespace {

constexpr std::size_t header_bytes = 128;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_letter(char c) { return is_upper(c) || is_lower(c); }
constexpr bool is_space(char c) { return c == ' ' || c == '\t'; }
constexpr char lower(char c) { return is_upper(c) ? static_cast<char>(c + ('a' - 'A')) : c; }

struct Word {
  std::string_view text;
  Level level;
  bool common;  // also an ordinary word: counts only in capitals or brackets
};

constexpr std::array words = {
    Word{"err", Level::error, false},       Word{"inf", Level::info, false},        Word{"wrn", Level::warning, false},
    Word{"dbg", Level::debug, false},       Word{"trc", Level::trace, false},       Word{"vrb", Level::trace, false},
    Word{"ftl", Level::fatal, false},       Word{"log", Level::info, true},         Word{"info", Level::info, false},
    Word{"warn", Level::warning, false},    Word{"crit", Level::fatal, false},      Word{"fail", Level::error, true},
    Word{"dbug", Level::debug, false},      Word{"trce", Level::trace, false},      Word{"fine", Level::debug, true},
    Word{"error", Level::error, false},     Word{"debug", Level::debug, false},     Word{"fatal", Level::fatal, false},
    Word{"trace", Level::trace, false},     Word{"emerg", Level::fatal, false},     Word{"alert", Level::fatal, true},
    Word{"panic", Level::fatal, false},     Word{"finer", Level::trace, true},      Word{"notice", Level::info, false},
    Word{"severe", Level::error, false},    Word{"finest", Level::trace, true},     Word{"warning", Level::warning, false},
    Word{"verbose", Level::trace, false},   Word{"failure", Level::error, true},    Word{"critical", Level::fatal, false},
    Word{"emergency", Level::fatal, false}, Word{"information", Level::info, true}, Word{"informational", Level::info, false},
};
// Bit n of entry c: a word of n letters begins with the letter 'a' + c.
constexpr std::array<std::uint16_t, 26> lengths_by_letter = [] {
  std::array<std::uint16_t, 26> lengths{};
  for (const Word& word : words) {
    auto& entry = lengths[static_cast<std::size_t>(word.text[0] - 'a')];
    entry = static_cast<std::uint16_t>(entry | (1U << word.text.size()));
  }
  return lengths;
}();

const Word* find_word(std::string_view text) {
  if (text.size() < 3 || text.size() > 13 || !is_letter(text[0])) return nullptr;
  if ((lengths_by_letter[static_cast<std::size_t>(lower(text[0]) - 'a')] >> text.size() & 1U) == 0) return nullptr;
  for (const Word& word : words) {
    if (word.text.size() == text.size() && word.text[0] == lower(text[0]) &&
        std::equal(text.begin(), text.end(), word.text.begin(), [](char a, char b) { return lower(a) == b; })) {
      return &word;
    }
  }
  return nullptr;
}

bool is_calendar_word(std::string_view text) {
  constexpr std::string_view names = "JanFebMarAprMayJunJulAugSepOctNovDecMonTueWedThuFriSatSun";
  if (text.size() != 3) return false;
  const std::size_t at = names.find(text);
  return at != std::string_view::npos && at % 3 == 0;
}

// RFC 5424, section 6.2.1: the severity is the priority modulo 8.
std::optional<LocatedLevel> syslog_priority(std::string_view line) {
  if (line.size() < 3 || line[0] != '<') return std::nullopt;
  unsigned priority = 0;
  std::size_t i = 1;
  for (; i < line.size() && i < 4 && is_digit(line[i]); ++i) priority = priority * 10 + static_cast<unsigned>(line[i] - '0');
  if (i == 1 || i >= line.size() || line[i] != '>' || priority > 191) return std::nullopt;
  return LocatedLevel{level_of_severity(static_cast<char>('0' + (priority & 7U))), i + 1};
}

// "E0301 12:00:05" (klog), "E/Tag" (logcat), "E, [2026" (Ruby), all at the start of a line.
std::optional<LocatedLevel> leading_letter(std::string_view line) {
  if (line.size() < 3) return std::nullopt;
  const Level level = level_of_letter(line[0]);
  if (level == Level::unknown) return std::nullopt;
  if (line[1] == '/' && is_letter(line[2])) return LocatedLevel{level, 2};
  if (line[1] == ',' && line[2] == ' ' && line.size() > 3 && line[3] == '[') return LocatedLevel{level, 2};
  if (line.size() < 9 || line[5] != ' ' || line[8] != ':') return std::nullopt;
  for (const std::size_t i : {1U, 2U, 3U, 4U, 6U, 7U}) {
    if (!is_digit(line[i])) return std::nullopt;
  }
  return LocatedLevel{level, 5};
}

// level=info (logfmt). `by_value` is set if a number was looked at.
Level keyed_level(std::string_view head, bool& by_value) {
  constexpr std::array<std::string_view, 5> keys = {"level", "lvl", "severity", "loglevel", "levelname"};
  for (std::size_t at = head.find('='); at != std::string_view::npos; at = head.find('=', at + 1)) {
    std::size_t end = at;
    while (end > 0 && (head[end - 1] == '"' || head[end - 1] == ' ')) --end;
    std::size_t begin = end;
    while (begin > 0 && is_letter(head[begin - 1])) --begin;
    const std::string_view key = head.substr(begin, end - begin);
    const auto same = [&](std::string_view known) {
      return known.size() == key.size() &&
             std::equal(key.begin(), key.end(), known.begin(), [](char a, char b) { return lower(a) == b; });
    };
    if (std::none_of(keys.begin(), keys.end(), same)) continue;
    std::size_t value = at + 1;
    while (value < head.size() && (head[value] == '"' || head[value] == ' ')) ++value;
    std::size_t stop = value;
    while (stop < head.size() && is_letter(head[stop])) ++stop;
    if (const Word* word = find_word(head.substr(value, stop - value))) return word->level;
    by_value = true;
    if (const Level level = level_of_number(head.substr(value)); level != Level::unknown) return level;
  }
  return Level::unknown;
}

// What a byte is to the walk, one bit each, so that a token's bytes can be summed up in one look.
enum ByteKind : std::uint8_t { ends_token = 1, digit = 2, capital = 4, small = 8, colon = 16, other = 32 };
constexpr std::array<std::uint8_t, 256> byte_kinds = [] {
  std::array<std::uint8_t, 256> kinds{};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const char c = static_cast<char>(i);
    const bool ends = std::string_view(" \t[](){}<>|,;\"'").find(c) != std::string_view::npos;
    kinds[i] = ends ? ends_token : is_digit(c) ? digit : is_upper(c) ? capital : is_lower(c) ? small : c == ':' ? colon : other;
  }
  return kinds;
}();
constexpr unsigned kind_of(char c) { return byte_kinds[static_cast<unsigned char>(c)]; }

LevelReading read_json_level(std::string_view line) {
  LevelReading reading;
  FieldsOfRole levels(line, FieldRole::level);
  Field field;
  while (levels.next(field)) {
    reading.found.level = level_of_field(field, reading.by_value);
    reading.reach = levels.reach();
    reading.by_value |= levels.by_value();
    if (reading.found.level != Level::unknown) return reading;
  }
  reading.reach = levels.reach();
  reading.by_value |= levels.by_value();
  const auto message = json_message(line);  // what a container printed, wrapped
  if (!message || is_json_line(*message)) return reading;
  const LevelReading inner = read_level(*message);
  reading.found.level = inner.found.level;
  reading.by_value |= inner.by_value;
  return reading;
}

class HeaderWalk {
 public:
  explicit HeaderWalk(std::string_view head) : head_(head) {}

  LocatedLevel run() {
    while (at_ < head_.size()) {
      const char c = head_[at_];
      if (kind_of(c) == ends_token) {
        separator(c);
        ++at_;
        continue;
      }
      std::size_t end = at_;
      kinds_ = 0;
      for (unsigned kind = 0; end < head_.size() && (kind = kind_of(head_[end])) != ends_token; ++end) kinds_ |= kind;
      if (const Level level = judge(end); level != Level::unknown) {
        const LocatedLevel found{level, after_close(level_end_)};
        reach_ = std::max({skip_spaces(end), skip_spaces(found.end), skip_spaces(level_end_ + 1), at_ + 2}) + 1;
        return found;
      }
      if (over_) {
        reach_ = std::max(skip_spaces(end), at_ + 2) + 1;
        return {};
      }
      at_ = end;
    }
    reach_ = header_bytes;
    return {};
  }

  // Behind the last byte that was looked at.
  [[nodiscard]] std::size_t reach() const { return reach_; }

 private:
  void separator(char c) {
    if (c == '[' || c == '(') ++depth_;
    if ((c == ']' || c == ')') && depth_ > 0) --depth_;
    if (c == '|') plain_ = 0;
  }

  std::size_t skip_spaces(std::size_t at) const {
    while (at < head_.size() && is_space(head_[at])) ++at;
    return at;
  }

  std::size_t after_close(std::size_t at) const {
    if (at < head_.size() && head_[at] == ':') ++at;
    const std::size_t close = skip_spaces(at);
    return close < head_.size() && (head_[close] == ']' || head_[close] == ')' || head_[close] == '>') ? close + 1 : at;
  }

  bool in_brackets(std::size_t begin, std::size_t end) const {
    if (begin == 0) return false;
    const char open = head_[begin - 1];
    const std::size_t close = skip_spaces(end);
    if (close >= head_.size()) return false;
    const char shut = head_[close];
    return (open == '[' && shut == ']') || (open == '(' && shut == ')') || (open == '<' && shut == '>') ||
           (open == '|' && shut == '|');
  }

  // Looks at the token [at_, end); sets level_end_ when it returns a level, over_ when the message has begun.
  Level judge(std::size_t end) {
    const std::string_view token = head_.substr(at_, end - at_);
    const bool message_start = after_component_;
    if (token.front() == ':' || token == "-" || token == "--") {  // "prog[12]:" leaves a lone colon
      if (token.front() == ':' && at_ > 0 && (head_[at_ - 1] == ']' || head_[at_ - 1] == ')')) after_component_ = true;
      if (token.front() == '-') plain_ = 0;
      return Level::unknown;
    }
    if (const Level level = word_level(token); level != Level::unknown) return level;
    if (const Level level = single_letter(token); level != Level::unknown) return level;
    if (message_start) over_ = true;
    classify(token);
    return Level::unknown;
  }

  Level word_level(std::string_view token) {
    if (!is_letter(token[0])) return Level::unknown;
    const std::size_t colon_at = (kinds_ & colon) != 0 ? token.find(':') : std::string_view::npos;
    std::size_t begin = 0;
    std::size_t size = std::min(colon_at, token.size());
    const Word* word = find_word(token.substr(0, size));
    if (word == nullptr && colon_at != std::string_view::npos && depth_ > 0) {  // Apache 2.4: [core:error]
      begin = token.rfind(':') + 1;
      size = token.size() - begin;
      word = find_word(token.substr(begin));
    }
    const bool behind_time = only_times_ && number_seen_ && depth_ == 0;
    if (word == nullptr && colon_at + 1 == token.size() && behind_time) {  // Monolog: "] production.ERROR: "
      const std::size_t dot = token.rfind('.');
      begin = dot == std::string_view::npos ? 0 : dot + 1;
      size = colon_at - begin;
      const std::string_view capitals = token.substr(begin, size);
      if (begin != 0 && std::all_of(capitals.begin(), capitals.end(), is_upper)) word = find_word(token.substr(begin, size));
    }
    if (word == nullptr) return Level::unknown;
    const std::string_view text = token.substr(begin, size);
    const std::size_t start = at_ + begin;
    const bool capitals = std::all_of(text.begin(), text.end(), is_upper);
    const bool bracketed = in_brackets(start, start + size) || (begin > 0 && in_brackets(at_, start + size));
    const bool first = at_ == 0 || after_component_ || (only_times_ && number_seen_);
    const bool labelled = first && colon_at == size && colon_at + 1 == token.size();
    const bool after_time = only_times_ && number_seen_ && !word->common;
    if (!capitals && !bracketed && !labelled && !after_time) return Level::unknown;
    level_end_ = start + size;
    return word->level;
  }

  // logcat: "1702  2395 D WindowManager:"; Tornado: "[E 260301 12:00:05".
  Level single_letter(std::string_view token) {
    if (token.size() != 1) {
      const bool slashed = token.size() > 2 && token[1] == '/' && is_letter(token[2]) && only_times_ && number_seen_;
      if (!slashed) return Level::unknown;
    } else {
      const bool after_numbers = only_times_ && number_seen_ && depth_ == 0;
      const bool opens =
          at_ > 0 && head_[at_ - 1] == '[' && at_ + 2 < head_.size() && head_[at_ + 1] == ' ' && is_digit(head_[at_ + 2]);
      if (!after_numbers && !opens) return Level::unknown;
    }
    level_end_ = at_ + 1;
    return level_of_letter(token[0]);
  }

  void classify(std::string_view token) {
    const bool digits = (kinds_ & digit) != 0;
    const bool letters = (kinds_ & (capital | small)) != 0;
    if (digits) number_seen_ = true;
    if (is_calendar_word(token)) return;
    if (letters && !(digits && ((kinds_ & colon) != 0 || token.back() == 'Z'))) only_times_ = false;
    if (depth_ > 0 || !letters) return;
    if (token.back() == ':') {
      after_component_ = true;
      return;
    }
    const bool plain = (kinds_ & ~unsigned{capital | small}) == 0 && (kinds_ & small) != 0;
    if (plain && ++plain_ > (number_seen_ ? 2 : 0)) over_ = true;
  }

  std::string_view head_;
  std::size_t at_ = 0;
  std::size_t reach_ = 0;
  unsigned kinds_ = 0;  // of the token's bytes
  std::size_t level_end_ = 0;
  int depth_ = 0;
  int plain_ = 0;             // ordinary words outside brackets so far
  bool number_seen_ = false;  // a token with digits has been seen: the line has a header
  bool only_times_ = true;    // nothing but times and numbers so far
  bool after_component_ = false;
  bool over_ = false;
};

}  // namespace

std::string_view level_name(Level level) {
  constexpr std::array<std::string_view, level_count> names = {"unknown", "trace", "debug", "info", "warning", "error", "fatal"};
  return names[static_cast<std::size_t>(level)];
}

Level level_of_word(std::string_view word) {
  const Word* const found = find_word(word);
  return found == nullptr ? Level::unknown : found->level;
}

Level level_of_letter(char letter) {
  switch (letter) {
    case 'V':
    case 'T':
      return Level::trace;
    case 'D':
      return Level::debug;
    case 'I':
      return Level::info;
    case 'W':
      return Level::warning;
    case 'E':
      return Level::error;
    case 'F':
    case 'C':
      return Level::fatal;
    default:
      return Level::unknown;
  }
}

Level level_of_number(std::string_view number) {
  if (number.size() < 2 || number[1] != '0' || (number.size() > 2 && is_digit(number[2]))) return Level::unknown;
  return number[0] >= '1' && number[0] <= '6' ? static_cast<Level>(number[0] - '0') : Level::unknown;
}

Level level_of_severity(char digit) {
  constexpr std::array levels = {Level::fatal,   Level::fatal, Level::fatal, Level::error,
                                 Level::warning, Level::info,  Level::info,  Level::debug};
  return digit >= '0' && digit <= '7' ? levels[static_cast<std::size_t>(digit - '0')] : Level::unknown;
}

LevelReading read_level(std::string_view line) {
  const std::string_view head = line.substr(0, header_bytes);
  if (head.empty()) return {};
  if (head[0] == '<') {
    if (const auto found = syslog_priority(head)) return {*found, found->end, true};
  }
  if (const auto found = leading_letter(head)) return {*found, 9, false};
  if (is_json_line(line)) return read_json_level(line);
  HeaderWalk walk(head);
  LevelReading reading{walk.run(), 0, head[0] == '<'};
  reading.reach = std::min(walk.reach(), header_bytes);
  const std::size_t header_end = reading.found.level == Level::unknown ? reading.reach : reading.found.end;
  if (head.substr(0, header_end).find('=') == std::string_view::npos) return reading;
  reading.reach = header_bytes;  // logfmt: the level may stand behind other fields
  if (const Level level = keyed_level(head, reading.by_value); level != Level::unknown) reading.found = {level, 0};
  return reading;
}

LocatedLevel locate_level(std::string_view line) { return read_level(line).found; }

Level level_of(std::string_view line) { return locate_level(line).level; }

}  // namespace conclave::logs
