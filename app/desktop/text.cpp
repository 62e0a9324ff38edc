#include "app/desktop/text.h"

#include <QDateTime>
#include <QFile>
#include <QLocale>
#include <QTimeZone>
#include <algorithm>
#include <array>
#include <cmath>

namespace conclave::desktop {

std::filesystem::path fsPath(const QString& path) { return {QFile::encodeName(path).toStdString()}; }

QString qtPath(const std::filesystem::path& path) { return QFile::decodeName(path.c_str()); }

QString countText(quint64 count) { return QLocale(QLocale::English, QLocale::UnitedStates).toString(count); }

QString counted(quint64 count, const char* one, const char* many) {
  return QStringLiteral("%1 %2").arg(countText(count), QLatin1String(count == 1 ? one : many));
}

QString bytesText(quint64 bytes) {
  static constexpr std::array units = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return QStringLiteral("%1 B").arg(bytes);
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
  return QStringLiteral("%1 %2").arg(value, 0, 'f', 1).arg(QLatin1String(units.at(unit)));
}

QString secondsText(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return QStringLiteral("?");
  if (seconds < 0.01) return QStringLiteral("%1 ms").arg(seconds * 1000, 0, 'f', 1);
  if (seconds < 10) return QStringLiteral("%1 s").arg(seconds, 0, 'f', 2);
  if (seconds < 60) return QStringLiteral("%1 s").arg(seconds, 0, 'f', 0);
  const auto whole = static_cast<qint64>(seconds);
  if (whole < 3600) return QStringLiteral("%1 min %2 s").arg(whole / 60).arg(whole % 60);
  return QStringLiteral("%1 h %2 min").arg(whole / 3600).arg(whole / 60 % 60);
}

QString timeText(TimeUs time) {
  return QDateTime::fromMSecsSinceEpoch(time / 1000, QTimeZone::utc()).toString(QStringLiteral("yyyy-MM-dd HH:mm:ss 'UTC'"));
}

QString agoText(TimeUs time) {
  const auto minutes = static_cast<quint64>(std::max<TimeUs>(0, now_us() - time) / us_per_second / 60);
  if (minutes == 0) return QStringLiteral("just now");
  const QString age = minutes < 120       ? counted(minutes, "minute", "minutes")
                      : minutes / 60 < 48 ? counted(minutes / 60, "hour", "hours")
                                          : counted(minutes / 60 / 24, "day", "days");
  return age + QStringLiteral(" ago");
}

QString progressText(const Progress& progress, double seconds) {
  const bool bytes = progress.unit == "B";
  const auto amount = [&](quint64 value) { return bytes ? bytesText(value) : countText(value); };
  QString text = qtText(progress.phase);
  if (progress.done == 0 && progress.total == 0) return text;
  const QString unit = bytes || progress.unit.empty() ? QString() : QLatin1Char(' ') + qtText(progress.unit);
  if (!text.isEmpty()) text += QStringLiteral(", ");
  text += progress.total ? QStringLiteral("%1 of %2%3").arg(amount(progress.done), amount(progress.total), unit)
                         : amount(progress.done) + unit;
  if (seconds < 0.5 || progress.done == 0) return text;
  const double rate = static_cast<double>(progress.done) / seconds;
  const auto whole = static_cast<quint64>(std::llround(rate));
  if (bytes || whole >= 10) text += QStringLiteral(", %1/s").arg(amount(whole));
  if (progress.total > progress.done) {
    text += QStringLiteral(", %1 left").arg(secondsText(std::ceil(static_cast<double>(progress.total - progress.done) / rate)));
  }
  return text;
}

}  // namespace conclave::desktop
