// Engine text to Qt text and back, and numbers and times as people read them.
#pragma once

#include <QString>
#include <filesystem>
#include <string>
#include <string_view>

#include "engine/base/job.h"
#include "engine/base/time.h"

namespace conclave::desktop {

// Invalid UTF-8 becomes U+FFFD.
[[nodiscard]] inline QString qtText(std::string_view text) {
  return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}
// Bytes of a file name survive the way there and back.
[[nodiscard]] std::filesystem::path fsPath(const QString& path);
[[nodiscard]] QString qtPath(const std::filesystem::path& path);

[[nodiscard]] QString countText(quint64 count);                                   // 1,234,567
[[nodiscard]] QString counted(quint64 count, const char* one, const char* many);  // 1 expert, 2,000 experts
[[nodiscard]] QString bytesText(quint64 bytes);                                   // 12.4 MiB
[[nodiscard]] QString secondsText(double seconds);                                // 0.8 s, 2 min 5 s
[[nodiscard]] QString timeText(TimeUs time);                                      // 2026-03-01 12:00:05 UTC
[[nodiscard]] QString agoText(TimeUs time);                                       // just now, 3 hours ago, 12 days ago
[[nodiscard]] QString progressText(const Progress& progress, double seconds);  // "reading, 12.4 of 80.0 MiB, 31 MiB/s, 2 s left"

}  // namespace conclave::desktop
