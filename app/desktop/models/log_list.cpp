#include "app/desktop/models/log_list.h"

#include <QDir>
#include <QFileInfo>
#include <QMap>

#include "app/desktop/text.h"
#include "engine/logs/journal_query.h"

namespace conclave::desktop {

namespace {

quint64 count(std::span<const std::int64_t> column, std::size_t row) {
  return row < column.size() ? static_cast<quint64>(std::max<std::int64_t>(0, column[row])) : 0;
}

}  // namespace

void LogList::show(const Evidence& evidence) {
  beginResetModel();
  entries_.clear();
  const auto lines = evidence.integers("logs.lines");
  const auto widths = evidence.integers("logs.bucket_us");
  const auto unreadable = evidence.bytes("logs.unreadable");
  for (std::size_t row = 0; row < evidence.rows("logs.path"); ++row) {
    Entry entry;
    entry.path = qtText(evidence.text("logs.path", row));
    if (!evidence.text("logs.command", row).empty()) entry.command = qtText(evidence.text("logs.name", row));
    entry.lines = count(lines, row);
    entry.errors = count(evidence.integers("logs.level_5"), row) + count(evidence.integers("logs.level_6"), row);
    entry.unreadable = row < unreadable.size() && unreadable[row];
    entry.buckets.width = static_cast<TimeUs>(count(widths, row));
    entries_.push_back(std::move(entry));
  }
  const auto logs = evidence.integers("buckets.log");
  const auto starts = evidence.integers("buckets.start");
  const auto all = evidence.integers("buckets.lines");
  const auto errors = evidence.integers("buckets.error_lines");
  const auto warnings = evidence.integers("buckets.warning_lines");
  const auto firsts = evidence.integers("buckets.first_error_line");
  for (std::size_t row = 0; row < logs.size() && row < starts.size(); ++row) {
    const auto log = static_cast<std::size_t>(logs[row]);
    if (log >= entries_.size()) continue;
    entries_[log].buckets.buckets.push_back(
        {starts[row], count(all, row), count(errors, row), count(warnings, row), count(firsts, row)});
  }
  nameEntries();
  endResetModel();
}

void LogList::showFiles(const QStringList& paths) {
  beginResetModel();
  entries_.clear();
  for (const auto& path : paths) {
    Entry entry;
    entry.path = path;
    entries_.push_back(std::move(entry));
  }
  nameEntries();
  endResetModel();
}

void LogList::nameEntries() {
  QMap<QString, int> uses;
  for (const auto& entry : entries_) ++uses[QFileInfo(entry.path).fileName()];
  for (auto& entry : entries_) {
    const QFileInfo file(entry.path);
    if (!entry.command.isEmpty() || logs::names_journal(entry.path.toStdString())) {
      entry.name = entry.command.isEmpty() ? entry.path : entry.command;
      continue;
    }
    entry.name = uses[file.fileName()] > 1 ? file.dir().dirName() + QLatin1Char('/') + file.fileName() : file.fileName();
  }
}

std::optional<int> LogList::rowOf(const QString& path) const {
  std::optional<int> found;
  for (int row = 0; row < rowCount(); ++row) {
    if (at(row).path == path) return row;
  }
  if (path.isEmpty()) return {};
  for (int row = 0; row < rowCount(); ++row) {
    if (at(row).command == path) return row;
  }
  for (int row = 0; row < rowCount(); ++row) {
    if (!at(row).path.endsWith(QLatin1Char('/') + path)) continue;
    if (found) return {};
    found = row;
  }
  return found;
}

int LogList::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : static_cast<int>(entries_.size()); }

QVariant LogList::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const Entry& entry = at(index.row());
  if (role == Qt::ToolTipRole) return entry.command.isEmpty() ? entry.path : entry.command;
  if (role != Qt::DisplayRole) return {};
  if (entry.unreadable) return tr("%1  ·  unreadable").arg(entry.name);
  QStringList parts{entry.name};
  if (entry.lines) parts << counted(*entry.lines, "line", "lines");
  if (entry.errors && *entry.errors) parts << counted(*entry.errors, "error", "errors");
  return parts.join(QStringLiteral("  ·  "));
}

}  // namespace conclave::desktop
