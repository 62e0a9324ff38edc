// What the values of fields mean, and what lines look as if they were made of fields.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/logs/fields.h"
#include "engine/logs/timestamp.h"

namespace conclave::logs {
namespace {

constexpr std::uint32_t replacement = 0xFFFD;

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0U | code >> 6U);
    return put(0x80U | (code & 0x3FU));
  }
  if (code < 0x10000) {
    put(0xE0U | code >> 12U);
  } else {
    put(0xF0U | code >> 18U);
    put(0x80U | (code >> 12U & 0x3FU));
  }
  put(0x80U | (code >> 6U & 0x3FU));
  put(0x80U | (code & 0x3FU));
}

std::optional<std::uint32_t> hex(std::string_view text, std::size_t at, std::size_t digits) {
  if (at + digits > text.size()) return std::nullopt;
  std::uint32_t value = 0;
  const char* const end = text.data() + at + digits;
  const auto [stop, error] = std::from_chars(text.data() + at, end, value, 16);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

// The escape whose letter is at `at`; moves behind it.
void append_escape(std::string& out, std::string_view text, std::size_t& at) {
  constexpr std::string_view letters = "nrtbfav0";
  constexpr std::string_view meanings("\n\r\t\b\f\a\v\0", 8);
  const char c = text[at++];
  if (c == 'u' || c == 'x') {
    const std::size_t digits = c == 'u' ? 4 : 2;
    auto code = hex(text, at, digits);
    if (!code) {
      (out += '\\') += c;
      return;
    }
    at += digits;
    if (c == 'x') {
      out += static_cast<char>(*code);
      return;
    }
    if (*code >= 0xD800 && *code < 0xDC00 && text.substr(at).starts_with("\\u")) {
      if (const auto low = hex(text, at + 2, 4); low && *low >= 0xDC00 && *low < 0xE000) {
        at += 6;
        return append_utf8(out, 0x10000U + ((*code - 0xD800U) << 10U) + (*low - 0xDC00U));
      }
    }
    return append_utf8(out, *code >= 0xD800 && *code < 0xE000 ? replacement : *code);
  }
  if (c == '"' || c == '\\' || c == '/' || c == '\'') {
    out += c;
  } else if (const std::size_t known = letters.find(c); known != std::string_view::npos) {
    out += meanings[known];
  } else {
    (out += '\\') += c;
  }
}

bool is_object_line(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos || line[begin] != '{') return false;
  const std::size_t next = line.find_first_not_of(" \t", begin + 1);
  return next != std::string_view::npos && (line[next] == '"' || line[next] == '}');
}

}  // namespace

std::string_view without_escapes(std::string_view text, std::string& buffer) {
  buffer.clear();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t slash = std::min(text.find('\\', at), text.size());
    buffer += text.substr(at, slash - at);
    at = slash + 1;
    if (at < text.size()) {
      append_escape(buffer, text, at);
    } else if (slash < text.size()) {
      buffer += '\\';
    }
  }
  return buffer;
}

std::string_view text_of(const Field& field, std::string& buffer) {
  return field.escaped ? without_escapes(field.value, buffer) : field.value;
}

std::optional<FieldNumber> number_of(std::string_view text) {
  const bool digits =
      !text.empty() && (text[0] == '-' ? text.size() > 1 && text[1] >= '0' && text[1] <= '9' : text[0] >= '0' && text[0] <= '9');
  if (!digits) return std::nullopt;
  const char* const end = text.data() + text.size();
  FieldNumber number;
  std::int64_t whole = 0;
  if (const auto [stop, error] = std::from_chars(text.data(), end, whole); error == std::errc() && stop == end) {
    number.whole = whole;
    number.value = static_cast<double>(whole);
    return number;
  }
  const auto [stop, error] = std::from_chars(text.data(), end, number.value);
  if (stop != end) return std::nullopt;
  if (error == std::errc::result_out_of_range) {  // "1e999" is beyond all, "1e-999" is next to nothing
    const std::size_t exponent = text.find_first_of("eE");
    const bool tiny = exponent != std::string_view::npos && exponent + 1 < text.size() && text[exponent + 1] == '-';
    number.value = tiny ? 0.0 : text[0] == '-' ? -HUGE_VAL : HUGE_VAL;
  } else if (error != std::errc()) {
    return std::nullopt;
  }
  return number;
}

int compare(const FieldNumber& a, const FieldNumber& b) {
  if (a.whole && b.whole) return *a.whole < *b.whole ? -1 : *a.whole > *b.whole ? 1 : 0;
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
}

std::optional<TimeUs> time_of(std::string_view value, TimeUs reference) {
  constexpr std::size_t longest = 64;
  if (value.empty() || value.size() > longest) return std::nullopt;
  if (const auto found = stamp_at(value, reference, 0); found && found->end == value.size()) return found->stamp.time;
  return parse_time(value);
}

FieldRole usual_role(std::string_view name) {
  struct Usual {
    std::string_view name;
    FieldRole role;
  };
  constexpr std::array usual = {
      Usual{"time", FieldRole::time},
      Usual{"ts", FieldRole::time},
      Usual{"t", FieldRole::time},
      Usual{"timestamp", FieldRole::time},
      Usual{"@timestamp", FieldRole::time},
      Usual{"@t", FieldRole::time},
      Usual{"datetime", FieldRole::time},
      Usual{"date", FieldRole::time},
      Usual{"asctime", FieldRole::time},
      Usual{"t.$date", FieldRole::time},               // MongoDB
      Usual{"__REALTIME_TIMESTAMP", FieldRole::time},  // journald
      Usual{"level", FieldRole::level},
      Usual{"lvl", FieldRole::level},
      Usual{"severity", FieldRole::level},
      Usual{"loglevel", FieldRole::level},
      Usual{"levelname", FieldRole::level},
      Usual{"log.level", FieldRole::level},
      Usual{"@l", FieldRole::level},
      Usual{"severityText", FieldRole::level},
      Usual{"severity_text", FieldRole::level},
      Usual{"s", FieldRole::level},         // MongoDB: "I"
      Usual{"PRIORITY", FieldRole::level},  // journald: "6"
      Usual{"msg", FieldRole::message},
      Usual{"message", FieldRole::message},
      Usual{"@message", FieldRole::message},
      Usual{"@m", FieldRole::message},
      Usual{"@mt", FieldRole::message},
      Usual{"event", FieldRole::message},
      Usual{"log", FieldRole::message},
      Usual{"body", FieldRole::message},
      Usual{"MESSAGE", FieldRole::message},
  };
  const auto* const found = std::find_if(usual.begin(), usual.end(), [&](const Usual& each) { return each.name == name; });
  return found == usual.end() ? FieldRole::other : found->role;
}

std::string_view structure_name(Structure structure) {
  return structure == Structure::json ? "json" : structure == Structure::logfmt ? "logfmt" : "text";
}

Structure structure_of(std::string_view line) {
  constexpr std::size_t longest_look = 4096;
  if (is_object_line(line)) return Structure::json;
  FieldReader reader;
  reader.start(line.substr(0, longest_look));
  Field field;
  if (!reader.next(field) || reader.words() > 0) return Structure::text;
  std::size_t fields = 1;
  while (reader.next(field)) ++fields;
  return fields > 1 && reader.words() <= fields ? Structure::logfmt : Structure::text;
}

Structure structure_of_log(std::string_view bytes) {
  constexpr std::size_t bytes_each = std::size_t{256} << 10U;
  const std::size_t places = bytes.size() > 4 * bytes_each ? 4 : 1;
  const std::size_t lines_each = 256 / places;
  std::array<std::size_t, 3> counts{};
  for (std::size_t place = 0; place < places; ++place) {
    std::string_view rest = bytes.substr(bytes.size() / places * place, bytes_each);
    if (place > 0) {  // the rest of a line
      const std::size_t end = rest.find('\n');
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    for (std::size_t i = 0; i < lines_each && !rest.empty(); ++i) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (line.find_first_not_of(" \t\r") != std::string_view::npos) ++counts[static_cast<std::size_t>(structure_of(line))];
    }
  }
  const auto [text, json, logfmt] = counts;
  const std::size_t half = (text + json + logfmt) / 2;
  return json > half ? Structure::json : logfmt > half ? Structure::logfmt : Structure::text;
}

}  // namespace conclave::logs
