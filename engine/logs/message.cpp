// A header is read from the left: stamps and a level wherever they stand in the first bytes, then host, numbers, groups in
// brackets, and the name of what speaks ("sshd[12]:", "dfs.FSNamesystem:", "nova.compute.manager [req-1 - -]", "chrome.exe -").
#include "engine/logs/message.h"

#include <algorithm>

namespace conclave::logs {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
constexpr bool is_blank(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; }

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
  std::size_t next = skip_blanks(line, end);  // "c.e.App   : started", "com.example.App - started"
  if (next + 1 < line.size() && line[next] == '*' && is_digit(line[next + 1])) {  // "chrome.exe *64 -"
    end = token_end(line, next);
    next = skip_blanks(line, end);
  }
  const bool set_off = next + 1 < line.size() && next > end && (line[next] == ':' || line[next] == '-') && line[next + 1] == ' ';
  return set_off && line.substr(at, end - at).find('.') != std::string_view::npos ? next + 1 : 0;
}

// "Google Chrome Helper[306]:": a name of several words; the end behind the colon, 0 if there is none.
std::size_t long_name_end(std::string_view line, std::size_t at) {
  constexpr std::size_t longest = 48;
  constexpr int most_blanks = 3;
  int blanks = 0;
  std::size_t end = at;
  for (; end < line.size() && end < at + longest && (is_letter(line[end]) || line[end] == ' '); ++end) {
    if (line[end] == ' ' && ++blanks > most_blanks) return 0;
  }
  if (blanks == 0 || end >= line.size() || line[end] != '[' || line[end - 1] == ' ') return 0;
  for (++end; end < line.size() && is_digit(line[end]);) ++end;
  return end + 1 < line.size() && line[end] == ']' && line[end + 1] == ':' ? end + 2 : 0;
}

// "nova.compute.manager [req-1 - -]": the end of a dotted name in front of a group in brackets; 0 if it is something else.
std::size_t dotted_name_end(std::string_view line, std::size_t at) {
  std::size_t end = at;
  bool dots = false;
  while (end < line.size() && (is_lower(line[end]) || is_digit(line[end]) || line[end] == '_' || line[end] == '.'))
    dots = line[end++] == '.' || dots;
  return dots && end + 1 < line.size() && line[end] == ' ' && line[end + 1] == '[' ? end : 0;
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
    if (const std::size_t name = long_name_end(line, at); name != 0) return skip_blanks(line, name);
    if (token == "-" || token == "--" || token == "---" || token == "|" || token == ":" || is_number(token)) {
      at = end;
    } else if (token[0] == '[') {
      const std::size_t group = group_end(line, at);
      if (group == 0) break;
      at = group < line.size() && line[group] == ':' ? group + 1 : group;
    } else if (at > 1 && is_blank(line[at - 2]) && skip_blanks(line, end) > end + 1 &&
               std::all_of(token.begin(), token.end(), is_letter)) {
      at = end;  // a column of its own: "Info        CBS    Loaded"
    } else if (const std::size_t name = dotted_name_end(line, at); name != 0) {
      at = name;
    } else {
      break;
    }
  }
  return at;
}

}  // namespace conclave::logs
