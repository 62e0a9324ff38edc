#include "engine/logs/journal_line.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "engine/logs/journal_query.h"

namespace conclave::logs {
namespace {

constexpr std::size_t longest_value = std::size_t{16} << 20U;

std::string_view word_of_priority(std::string_view digit) {
  constexpr std::array<std::string_view, 8> words = {"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};
  return digit.size() == 1 && digit[0] >= '0' && digit[0] <= '7' ? words.at(static_cast<std::size_t>(digit[0] - '0')) : "";
}

std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

void JournalLine::start(TimeUs time) {
  time_ = time;
  for (std::string* text : {&level_, &host_, &unit_, &about_, &identifier_, &pid_, &message_}) text->clear();
  others_.clear();
}

void JournalLine::add(std::string_view field) {
  const std::size_t equals = field.find('=');
  if (equals == std::string_view::npos) return;
  const std::string_view name = field.substr(0, equals);
  const std::string_view value = field.substr(equals + 1, longest_value);
  if (name == "MESSAGE") {
    message_ = value;
  } else if (name == "PRIORITY") {
    level_ = word_of_priority(value);
  } else if (name == "_HOSTNAME") {
    host_ = value;
  } else if (name == "_SYSTEMD_UNIT" || name == "_SYSTEMD_USER_UNIT") {
    if (unit_.empty() || name == "_SYSTEMD_USER_UNIT") unit_ = value;
  } else if (name == "UNIT" || name == "USER_UNIT") {
    about_ = value;
  } else if (name == "SYSLOG_IDENTIFIER" || (name == "_COMM" && identifier_.empty())) {
    identifier_ = value;
  } else if (name == "_PID") {
    pid_ = value;
  } else if (!name.starts_with('_') && !name.starts_with("SYSLOG_") && is_journal_field(name)) {
    others_.emplace_back(name, value);
  }
}

void JournalLine::put(std::string_view name, std::string_view value) {
  if (value.empty()) return;
  *out_ += ",\"";
  *out_ += name;
  *out_ += "\":";
  *out_ += json_string(value);
}

void JournalLine::finish(std::string& out) {
  out_ = &out;
  out += "{\"time\":\"" + format_time(time_) + '"';
  put("level", level_);
  put("host", host_);
  put("unit", about_.empty() ? unit_ : about_);  // what systemd says of a unit is that unit's
  put("identifier", identifier_);
  const bool number = !pid_.empty() && pid_.size() <= 10 && pid_.find_first_not_of("0123456789") == std::string::npos;
  if (number) out += ",\"pid\":" + pid_;
  out += ",\"message\":" + json_string(message_);
  std::sort(others_.begin(), others_.end());  // journald does not keep their order
  for (const auto& [name, value] : others_) put(name, value);
  out += "}\n";
}

}  // namespace conclave::logs
