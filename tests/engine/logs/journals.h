// Journals of systemd for tests, written by Debian's systemd-journal-remote.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/time.h"

namespace conclave::logs {

inline constexpr const char* journal_writer = "/lib/systemd/systemd-journal-remote";
inline bool can_write_journals() { return ::access(journal_writer, X_OK) == 0; }

inline constexpr TimeUs journal_start = 1'772'366'405'000'000;  // 2026-03-01T12:00:05Z

// A field as the journal's export format has it; binary values with their size in front.
inline std::string journal_field(const std::string& name, const std::string& value) {
  if (value.find('\n') == std::string::npos && value.find('\0') == std::string::npos) return name + "=" + value + "\n";
  std::string size;
  for (unsigned i = 0; i < 8; ++i) size += static_cast<char>(value.size() >> 8 * i & 0xFFU);
  return name + "\n" + size + value + "\n";
}

inline std::string journal_entry(TimeUs time, const std::string& message, const std::string& fields = {}) {
  return journal_field("__REALTIME_TIMESTAMP", std::to_string(time)) +
         journal_field("__MONOTONIC_TIMESTAMP", std::to_string(time - journal_start + 1)) +
         journal_field("_BOOT_ID", "00112233445566778899aabbccddeeff") + journal_field("MESSAGE", message) + fields + "\n";
}

// Writes a journal file while it lives, as journald does: what is written is there at once.
class JournalWriter {
 public:
  // NOLINTNEXTLINE(cert-env33-c): words of this test
  explicit JournalWriter(const std::filesystem::path& file)
      : pipe_(::popen((std::string(journal_writer) + " -o '" + file.string() + "' - 2>/dev/null >&2").c_str(), "w"), &::pclose) {}
  void write(std::string_view entries) {
    (void)std::fwrite(entries.data(), 1, entries.size(), pipe_.get());
    (void)std::fflush(pipe_.get());
  }

 private:
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe_;
};

}  // namespace conclave::logs
