#include "app/desktop/console_history.h"

#include <fcntl.h>
#include <unistd.h>

#include <QFile>
#include <QSaveFile>
#include <nlohmann/json.hpp>

#include "app/desktop/text.h"

namespace conclave::desktop {

namespace {

constexpr qint64 largest_file = 16 << 20;
constexpr qsizetype longest_entry = 100'000;
constexpr auto only_mine = QFileDevice::ReadOwner | QFileDevice::WriteOwner;

QByteArray lineOf(const QString& source) {
  return QByteArray::fromStdString(
      nlohmann::json(source.toStdString()).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace

QStringList ConsoleHistory::load() const {
  QStringList entries;
  QFile file(qtPath(file_));
  if (!file.open(QIODevice::ReadOnly) || file.size() > largest_file) return entries;
  while (!file.atEnd()) {
    const auto json = nlohmann::json::parse(file.readLine().toStdString(), nullptr, false);
    if (!json.is_string()) continue;
    const QString entry = qtText(json.get<std::string>());
    if (entries.isEmpty() || entries.back() != entry) entries << entry;
  }
  if (entries.size() <= most) return entries;
  const bool long_ago = entries.size() > 2 * most;
  entries = entries.mid(entries.size() - most);
  if (long_ago) {
    QSaveFile shorter(file.fileName());
    if (shorter.open(QIODevice::WriteOnly) && shorter.setPermissions(only_mine)) {
      for (const auto& entry : entries) shorter.write(lineOf(entry));
      shorter.commit();
    }
  }
  return entries;
}

bool ConsoleHistory::add(const QString& source) const {
  if (source.trimmed().isEmpty() || source.size() > longest_entry) return true;
  std::error_code error;
  std::filesystem::create_directories(file_.parent_path(), error);
  const int descriptor = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return false;
  const QByteArray line = lineOf(source);  // in one write, so that windows do not mix
  const bool written = ::write(descriptor, line.constData(), static_cast<std::size_t>(line.size())) == line.size();
  ::close(descriptor);
  return written;
}

}  // namespace conclave::desktop
