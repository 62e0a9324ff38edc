#include "engine/logs/journal_query.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

#include "engine/base/duration.h"
#include "engine/base/text.h"

namespace conclave::logs {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 9> keys = {"unit", "identifier", "priority", "since",    "until",
                                                  "boot", "kernel",     "lines",    "directory"};

// Parts between commas, without the backslash of "\,".
std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',') {
      parts.emplace_back();
      continue;
    }
    if (text.substr(i).starts_with("\\,")) ++i;
    parts.back() += text[i];
  }
  if (parts.size() == 1 && parts.front().empty()) parts.clear();
  return parts;
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<int> priority_of(std::string_view text) {
  constexpr std::array<std::string_view, 8> names = {"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};
  if (text.size() == 1 && text[0] >= '0' && text[0] <= '7') return text[0] - '0';
  if (text == "error") return 3;
  const auto* const found = std::find(names.begin(), names.end(), text);
  return found == names.end() ? std::nullopt : std::optional(static_cast<int>(found - names.begin()));
}

std::optional<TimeUs> time_of(const std::string& text, TimeUs now) {
  if (!text.starts_with('-')) return parse_time(text);
  const auto age = parse_duration(std::string_view(text).substr(1));
  return age ? std::optional(now - *age) : std::nullopt;
}

// systemd.unit(5): what has no ending is a service.
std::string unit_name(const std::string& text) {
  constexpr std::array<std::string_view, 11> endings = {".service", ".socket", ".device", ".mount", ".automount", ".swap",
                                                        ".target",  ".path",   ".timer",  ".slice", ".scope"};
  const bool whole = std::any_of(endings.begin(), endings.end(), [&](std::string_view end) { return text.ends_with(end); });
  return whole ? text : text + ".service";
}

}  // namespace

bool is_journal_field(std::string_view name) {
  return !name.empty() && name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string_view::npos &&
         !(name[0] >= '0' && name[0] <= '9');
}

bool names_journal(const std::string& text, const fs::path& base) {
  std::error_code ignored;
  return text.starts_with(journal_prefix) && text.find('\0') == std::string::npos && !fs::exists(base / text, ignored);
}

Result<JournalQuery> parse_journal_query(std::string_view text, TimeUs now) {
  JournalQuery query;
  const std::string where(text);
  const auto wrong = [&](const std::string& what) { return fail(ErrorKind::invalid_argument, what, where); };
  for (const std::string& part : parts_of(text.substr(journal_prefix.size()))) {
    const std::size_t equals = part.find('=');
    const std::string key = part.substr(0, equals);
    const std::string value = equals == std::string::npos ? std::string{} : part.substr(equals + 1);
    const bool flag = key == "boot" || key == "kernel";
    if (!is_journal_field(key) && std::find(keys.begin(), keys.end(), key) == keys.end())
      return wrong("'" + key + "' is nothing that journal entries are chosen by" + did_you_mean(key, keys));
    if (flag != (equals == std::string::npos) || (!flag && value.empty()))
      return wrong(flag ? "'" + key + "' has no value" : "'" + key + "' needs a value, as in unit=nginx");
    if (key == "unit") {
      query.units.push_back(unit_name(value));
    } else if (key == "identifier") {
      query.matches.emplace_back("SYSLOG_IDENTIFIER", value);
    } else if (key == "kernel") {
      query.matches.emplace_back("_TRANSPORT", "kernel");
    } else if (key == "boot") {
      query.boot = true;
    } else if (key == "directory") {
      query.directory = value;
    } else if (key == "priority") {
      query.priority = priority_of(value);
      if (!query.priority)
        return wrong("'" + value + "' is no priority; write emerg, alert, crit, err, warning, notice, info, debug or 0 to 7");
    } else if (key == "lines") {
      query.lines = number_in(value);
      if (!query.lines || *query.lines == 0) return wrong("'" + value + "' is no number of lines");
    } else if (key == "since" || key == "until") {
      auto& time = key == "since" ? query.since : query.until;
      time = time_of(value, now);
      if (!time) return wrong("'" + value + "' is no time such as 2026-03-01T12:00:05Z, 2026-03-01 or -2h");
    } else {
      query.matches.emplace_back(key, value);
    }
  }
  return query;
}

std::string journal_in(const std::string& text, const fs::path& base) {
  std::string out(journal_prefix);
  for (std::string part : parts_of(std::string_view(text).substr(journal_prefix.size()))) {
    constexpr std::string_view key = "directory=";
    if (part.starts_with(key)) part = std::string(key) + (base / part.substr(key.size())).lexically_normal().string();
    if (out.size() > journal_prefix.size()) out += ',';
    for (const char c : part) out += c == ',' ? std::string("\\,") : std::string(1, c);
  }
  return out;
}

}  // namespace conclave::logs
