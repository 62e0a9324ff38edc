// What is a parameter? A word that holds a digit (numbers, addresses, block and request ids, versions, hexadecimal); a path; a
// dotted name in lower case (hosts); a mail address; a quoted string. Words are split at = : , ; ( ) [ ] { } < > | and quotes,
// so that the signs around a parameter stay and tell shapes apart. Neighbours joined by : , ; are one parameter: an address
// with a port, a time, a list, whatever its length. What only a comparison of many lines can tell is left to template_groups.h.
#include "engine/logs/message.h"

#include <algorithm>

namespace conclave::logs {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
constexpr bool is_blank(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; }

constexpr bool splits_words(char c) {
  switch (c) {
    case '=':
    case ':':
    case ',':
    case ';':
    case '(':
    case ')':
    case '[':
    case ']':
    case '{':
    case '}':
    case '<':
    case '>':
    case '|':
    case '"':
    case '\'':
      return true;
    default:
      return is_blank(c);
  }
}

std::size_t skip_blanks(std::string_view line, std::size_t at) {
  while (at < line.size() && is_blank(line[at])) ++at;
  return at;
}

std::size_t token_end(std::string_view line, std::size_t at) {
  while (at < line.size() && !is_blank(line[at])) ++at;
  return at;
}

// End of the balanced [...] group that begins at `at`; 0 if it is not closed soon.
std::size_t group_end(std::string_view line, std::size_t at) {
  constexpr std::size_t longest = 512;
  int depth = 0;
  for (std::size_t i = at; i < line.size() && i < at + longest; ++i) {
    if (line[i] == '[') ++depth;
    if (line[i] == ']' && --depth == 0) return i + 1;
  }
  return 0;
}

// "sshd[12]:", "sshd(pam_unix)[12]:", "dfs.DataNode$PacketResponder:": the end behind the colon, 0 if there is none.
std::size_t component_end(std::string_view line, std::size_t at) {
  if (at >= line.size() || !(is_letter(line[at]) || line[at] == '/' || line[at] == '_')) return 0;
  std::size_t end = at;
  while (end < line.size() && !is_blank(line[end])) {
    const char c = line[end];
    if (c == '[') {
      end = group_end(line, end);
      if (end == 0) return 0;
      continue;
    }
    if (c == ':' && (end + 1 == line.size() || is_blank(line[end + 1]))) return end + 1;
    if (c == '=' || c == ',' || c == ';' || c == '"' || c == '{') return 0;
    ++end;
  }
  const std::size_t next = skip_blanks(line, end);  // "c.e.App   : started", "com.example.App - started"
  const bool set_off = next + 1 < line.size() && next > end && (line[next] == ':' || line[next] == '-') && line[next + 1] == ' ';
  return set_off && line.substr(at, end - at).find('.') != std::string_view::npos ? next + 1 : 0;
}

// "|Step_LSC|30002312|": fields between bars behind the stamp.
std::size_t skip_bars(std::string_view line, std::size_t at) {
  constexpr std::size_t longest_field = 64;
  while (at < line.size() && line[at] == '|') {
    const std::size_t end = line.find('|', at + 1);
    if (end == std::string_view::npos || end > at + longest_field || token_end(line, at) < end) return at + 1;
    at = end;
  }
  return at;
}

bool is_number(std::string_view token) { return !token.empty() && std::all_of(token.begin(), token.end(), is_digit); }

// Text in which a message has begun: "combo ftpd[1]: connection from".
bool holds_component(std::string_view text) { return text.find(": ") != std::string_view::npos; }

bool is_calendar_word(std::string_view word) {
  constexpr std::string_view names = "JanFebMarAprMayJunJulAugSepOctNovDecMonTueWedThuFriSatSun";
  const std::size_t at = word.size() == 3 ? names.find(word) : std::string_view::npos;
  return at != std::string_view::npos && at % 3 == 0;
}

bool is_parameter(std::string_view word) {
  if (std::any_of(word.begin(), word.end(), is_digit)) return true;
  const auto slashes = std::count(word.begin(), word.end(), '/');
  if (slashes >= 2 || (word.size() > 1 && word.starts_with("~/"))) return true;
  if (word.find('\\') != std::string_view::npos) return true;
  const auto dots = std::count(word.begin(), word.end(), '.');
  if (dots >= 1 && word.find('@') != std::string_view::npos) return true;
  const auto of_host = [](char c) { return is_lower(c) || c == '.' || c == '-'; };
  return dots >= 2 && std::all_of(word.begin(), word.end(), of_host) && word.find("..") == std::string_view::npos;
}

class ShapeWriter {
 public:
  ShapeWriter(std::string_view message, std::string& out) : text_(message), out_(out), json_(message.starts_with('{')) {}

  void run() {
    out_.clear();
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (is_blank(c)) {
        space_ = !out_.empty();
        ++at_;
      } else if ((c == '"' || c == '\'') && !json_ && take_quoted(c)) {
        continue;
      } else if (c == '(' && space_ && at_ + 1 < text_.size() && text_[at_ + 1] == ')') {  // an empty parameter
        put("(");
        put(parameter);
        put(")");
        at_ += 2;
      } else if (splits_words(c)) {
        put(text_.substr(at_++, 1));
      } else if (c == '.' && at_ + 1 < text_.size() && text_[at_ + 1] == '.') {
        const std::size_t end = std::min(text_.find_first_not_of('.', at_), text_.size());
        put("..");
        at_ = end;
      } else {
        take_word();
      }
    }
  }

 private:
  void put(std::string_view text) {
    if (space_) out_ += ' ';
    space_ = false;
    out_ += text;
  }

  // Joins with a parameter before it if nothing but : , ; and the blank behind a comma is between them.
  void put_parameter() {
    const std::size_t last = out_.find_last_not_of(":,;");
    const bool blank_after_sign = !space_ || (!out_.empty() && out_.back() == ',');
    if (last != std::string::npos && last + 1 < out_.size() && blank_after_sign && last + 1 >= parameter.size() &&
        out_.compare(last + 1 - parameter.size(), parameter.size(), parameter) == 0) {
      out_.resize(last + 1);
      space_ = false;
      return;
    }
    if (continues_list()) {
      space_ = false;
      return;
    }
    put(parameter);
  }

  void take_word() {
    std::size_t end = at_;
    while (end < text_.size() && !splits_words(text_[end]) &&
           !(text_[end] == '.' && end + 1 < text_.size() && text_[end + 1] == '.')) {
      ++end;
    }
    std::size_t last = end;
    while (last > at_ && (text_[last - 1] == '.' || text_[last - 1] == '!' || text_[last - 1] == '?')) --last;
    if (last == at_) last = end;
    const std::string_view word = text_.substr(at_, last - at_);
    if (is_parameter(word) || (is_calendar_word(word) && date_follows(last))) {
      put_parameter();
    } else {
      put(word);
    }
    if (last < end) put(text_.substr(last, end - last));
    at_ = end;
  }

  // "Jun 20", "Mon Jun 20"
  [[nodiscard]] bool date_follows(std::size_t at) const {
    at = skip_blanks(text_, at);
    return at < text_.size() && (is_digit(text_[at]) || is_calendar_word(text_.substr(at, 3)));
  }

  // "<*> <*>" and one more is a list.
  [[nodiscard]] bool continues_list() const {
    constexpr std::string_view two = "<*> <*>";
    return space_ && std::string_view(out_).ends_with(two);
  }

  bool take_quoted(char quote) {
    constexpr std::size_t longest = 256;
    const std::size_t end = text_.find(quote, at_ + 1);
    const auto in_word = [&](std::size_t i) { return i < text_.size() && (is_letter(text_[i]) || is_digit(text_[i])); };
    if (end == std::string_view::npos || end > at_ + longest || (at_ > 0 && in_word(at_ - 1)) || in_word(end + 1)) return false;
    put(text_.substr(at_, 1));
    put(parameter);
    put(text_.substr(at_, 1));
    at_ = end + 1;
    return true;
  }

  std::string_view text_;
  std::string& out_;
  bool json_;  // keys are quoted too
  std::size_t at_ = 0;
  bool space_ = false;
};

}  // namespace

std::size_t message_begin(std::string_view line, const std::optional<LocatedStamp>& stamp, const LocatedLevel& level,
                          TimeUs reference) {
  std::size_t at = 0;
  StampFormat format = StampFormat::none;
  std::optional<LocatedStamp> last = stamp;
  while (last) {
    at = last->end;
    format = last->stamp.format;
    const std::size_t from = at;
    last = locate_stamp(line, reference, from);
    if (last && (last->begin > from + 64 || holds_component(line.substr(from, last->begin - from)))) last.reset();
  }
  if (level.end > at && !holds_component(line.substr(at, level.end - at))) {
    at = level.end;
    format = StampFormat::none;
  }
  if (at == 0) return 0;
  if (at < line.size() && line[at] == '|') at = skip_bars(line, at);
  while (at < line.size() && (is_blank(line[at]) || line[at] == ']' || line[at] == ')' || line[at] == ',')) ++at;
  if (format == StampFormat::syslog && component_end(line, at) == 0) at = skip_blanks(line, token_end(line, at));  // host
  for (int parts = 0; parts < 6; ++parts) {
    at = skip_blanks(line, at);
    if (at >= line.size()) break;
    const std::size_t end = token_end(line, at);
    const std::string_view token = line.substr(at, end - at);
    if (const std::size_t component = component_end(line, at); component != 0) return skip_blanks(line, component);
    if (token == "-" || token == "--" || token == "---" || token == "|" || token == ":" || is_number(token)) {
      at = end;
    } else if (token[0] == '[') {
      const std::size_t group = group_end(line, at);
      if (group == 0) break;
      at = group < line.size() && line[group] == ':' ? group + 1 : group;
    } else {
      break;
    }
  }
  return at;
}

void make_shape(std::string_view message, std::string& out) {
  const bool cut = message.size() > max_shape_input;
  ShapeWriter(message.substr(0, max_shape_input), out).run();
  if (cut) out += " <*>";
}

}  // namespace conclave::logs
