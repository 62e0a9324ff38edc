#include "app/desktop/models/plugin_list.h"

#include <algorithm>

#include "app/desktop/text.h"

namespace conclave::desktop {

namespace {

QString originText(scripting::Origin origin) {
  switch (origin) {
    case scripting::Origin::shipped:
      return PluginList::tr("Conclave");
    case scripting::Origin::user:
      return PluginList::tr("installed");
    case scripting::Origin::folder:
      return PluginList::tr("added folder");
    case scripting::Origin::subject:
      break;
  }
  return PluginList::tr("this case");
}

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
  if (!row.plugin->forbidden.empty()) return tr("forbidden");
  if (row.failure && row.plugin->enabled)
    return qtText(consensus::status_name(row.failure->status)).replace(QLatin1Char('_'), QLatin1Char(' '));
  if (!row.plugin->enabled) return tr("off");
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
      return originText(row.origin);
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
  if (role == Qt::CheckStateRole && index.column() == on_column && row.plugin)
    return row.plugin->enabled ? Qt::Checked : Qt::Unchecked;
  if (role == Qt::ToolTipRole && row.plugin)
    return qtText(row.plugin->forbidden.empty() ? row.plugin->summary : row.plugin->forbidden);
  if (role == Qt::ToolTipRole) return row.trouble;
  if (role == Qt::ForegroundRole && index.column() == state_column) {
    if (row.plugin && !scripting::may_run(*row.plugin)) return theme_.theme().muted;
    if (!row.plugin || row.failure) return theme_.theme().bad;
    return needsConsent(row) ? theme_.theme().fair : theme_.theme().good;
  }
  return {};
}

Qt::ItemFlags PluginList::flags(const QModelIndex& index) const {
  Qt::ItemFlags flags = QAbstractTableModel::flags(index);
  if (index.isValid() && index.column() == on_column && at(index.row()).plugin) flags |= Qt::ItemIsUserCheckable;
  return flags;
}

bool PluginList::setData(const QModelIndex& index, const QVariant& value, int role) {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid) || role != Qt::CheckStateRole || index.column() != on_column)
    return false;
  PluginRow& row = rows_[static_cast<std::size_t>(index.row())];
  if (!row.plugin) return false;
  row.plugin->enabled = value.toInt() == Qt::Checked;
  Q_EMIT dataChanged(this->index(index.row(), 0), this->index(index.row(), column_count - 1));
  Q_EMIT switched(qtText(row.plugin->name), row.plugin->enabled);
  return true;
}

QVariant PluginList::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole || section < 0 || section >= column_count) return {};
  static const char* const titles[column_count] = {QT_TR_NOOP("On"),      QT_TR_NOOP("Plugin"), QT_TR_NOOP("Kind"),
                                                   QT_TR_NOOP("Version"), QT_TR_NOOP("Place"),  QT_TR_NOOP("State")};
  return tr(titles[section]);
}

}  // namespace conclave::desktop
