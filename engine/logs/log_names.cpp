#include "engine/logs/log_names.h"

#include <algorithm>
#include <initializer_list>
#include <string>

#include "engine/logs/journal.h"
#include "engine/logs/rotation.h"
#include "engine/logs/unpack.h"

namespace conclave::logs {
namespace {

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

}  // namespace

bool is_log_name(std::string_view name) {
  if (name.empty() || name[0] == '.') return false;
  if (name.find(".log") != std::string_view::npos) return true;
  if (is_journal_name(name)) return true;
  const std::string base = rotation_of(name).base;
  if (is_one_of(base, {"syslog", "messages", "secure", "maillog", "dmesg", "log", "auth", "daemon", "kern", "cron", "debug",
                       "boot", "access_log", "error_log", "stdout", "stderr"})) {
    return true;
  }
  const std::size_t dot = base.rfind('.');
  return dot != std::string::npos &&
         is_one_of(std::string_view(base).substr(dot + 1),
                   {"log", "out", "err", "txt", "json", "jsonl", "ndjson", "logfmt", "warn", "info", "error"});
}

// Text in UTF-16 has NUL bytes too, but a byte order mark.
bool is_binary(std::string_view head) {
  if (!compression_of(head).empty() || is_journal(head)) return false;
  if (head.starts_with("\xff\xfe") || head.starts_with("\xfe\xff")) return false;
  return head.find('\0') != std::string_view::npos;
}

}  // namespace conclave::logs
