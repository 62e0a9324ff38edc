#include "app/desktop/recent.h"

#include <QDir>
#include <QFileInfo>
#include <QSettings>

namespace conclave::desktop {

namespace {
const auto recent_key = QStringLiteral("recent/cases");
constexpr int most_recent = 10;
}  // namespace

QStringList recentCases() { return QSettings().value(recent_key).toStringList(); }

void addRecentCase(const QString& path) {
  const QString absolute = QDir::cleanPath(QFileInfo(path).absoluteFilePath());
  QStringList cases = recentCases();
  cases.removeAll(absolute);
  cases.prepend(absolute);
  QSettings().setValue(recent_key, QStringList(cases.mid(0, most_recent)));
}

void forgetRecentCase(const QString& path) {
  QStringList cases = recentCases();
  cases.removeAll(path);
  QSettings().setValue(recent_key, cases);
}

void forgetRecentCases() { QSettings().remove(recent_key); }

}  // namespace conclave::desktop
