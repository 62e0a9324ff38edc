#include "app/desktop/models/plugin_list.h"

#include <algorithm>

#include "app/desktop/text.h"

namespace conclave::desktop {

namespace {

bool needsConsent(const PluginRow& row) { return row.plugin && row.plugin->trust == scripting::Trust::untrusted; }

}  // namespace

PluginList::PluginList(const ThemeController& theme, QObject* parent) : QAbstractTableModel(parent), theme_(theme) {}

void PluginList::show(std::vector<PluginRow> rows) {
  beginResetModel();
  rows_ = std::move(rows);
  endResetModel();
}

int PluginList::rowOf(const std::filesystem::path& path) const {
  const auto found = std::find_if(rows_.begin(), rows_.end(), [&](const PluginRow& row) { return row.path == path; });
  return found == rows_.end() ? -1 : static_cast<int>(found - rows_.begin());
}

int PluginList::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : static_cast<int>(rows_.size()); }

int PluginList::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : column_count; }

QString PluginList::stateText(const PluginRow& row) const {
  if (!row.plugin) return tr("cannot be used");
  if (row.failure) return qtText(consensus::status_name(row.failure->status)).replace(QLatin1Char('_'), QLatin1Char(' '));
  return needsConsent(row) ? tr("not agreed to") : tr("ready");
}

QString PluginList::text(const PluginRow& row, int column) const {
  switch (column) {
    case name_column:
      return row.plugin ? qtText(row.plugin->name) : qtPath(row.path.filename());
    case kind_column:
      return row.plugin ? qtText(row.plugin->kind) : QString();
    case version_column:
      return row.plugin ? qtText(row.plugin->version) : QString();
    case from_column:
      return row.from == PluginRow::From::shipped  ? tr("Conclave")
             : row.from == PluginRow::From::folder ? tr("added folder")
                                                   : tr("this case");
    case state_column:
      return stateText(row);
    default:
      return {};
  }
}

QVariant PluginList::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const PluginRow& row = at(index.row());
  if (role == Qt::DisplayRole) return text(row, index.column());
  if (role == Qt::ToolTipRole) return row.plugin ? qtText(row.plugin->summary) : row.trouble;
  if (role == Qt::ForegroundRole && index.column() == state_column) {
    if (!row.plugin || row.failure) return theme_.theme().bad;
    return needsConsent(row) ? theme_.theme().fair : theme_.theme().good;
  }
  return {};
}

QVariant PluginList::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole || section < 0 || section >= column_count) return {};
  static const char* const titles[column_count] = {QT_TR_NOOP("Plugin"), QT_TR_NOOP("Kind"), QT_TR_NOOP("Version"),
                                                   QT_TR_NOOP("From"), QT_TR_NOOP("State")};
  return tr(titles[section]);
}

}  // namespace conclave::desktop
