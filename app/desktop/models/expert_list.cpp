#include "app/desktop/models/expert_list.h"

#include <algorithm>

#include "app/desktop/models/record_table.h"
#include "app/desktop/text.h"
#include "app/desktop/verdict_look.h"
#include "scripting/case_plugins.h"

namespace conclave::desktop {

QString trustText(scripting::Trust trust) {
  switch (trust) {
    case scripting::Trust::shipped:
      return ExpertList::tr("shipped");
    case scripting::Trust::trusted:
      return ExpertList::tr("trusted");
    case scripting::Trust::named:
      return ExpertList::tr("named by you");
    case scripting::Trust::untrusted:
      return ExpertList::tr("not trusted");
  }
  return {};
}

ExpertList::ExpertList(const ThemeController& theme, QObject* parent) : QAbstractTableModel(parent), theme_(theme) {}

void ExpertList::show(const std::shared_ptr<const scripting::PluginCatalog>& catalog, const CasePtr& subject) {
  beginResetModel();
  rows_.clear();
  question_ = subject ? subject->question : consensus::Question{};
  if (catalog) {
    for (const auto& plugin : catalog->plugins) {
      if (plugin.kind == "expert") rows_.push_back({plugin, scripting::in_default_circle(plugin) && scripting::may_run(plugin)});
    }
  }
  if (subject && !subject->experts.empty()) {
    for (auto& row : rows_) row.on = false;
    for (const auto& choice : subject->experts) {
      auto found = std::find_if(rows_.begin(), rows_.end(), [&](const Row& row) { return row.plugin.name == choice.name; });
      if (found == rows_.end()) {
        Row row;
        row.plugin.name = choice.name;
        row.plugin.trust = scripting::Trust::untrusted;
        found = rows_.insert(rows_.end(), std::move(row));
      }
      found->on = true;
      found->weight = choice.weight;
      found->settings = choice.settings;
    }
  }
  endResetModel();
}

void ExpertList::showResults(const std::vector<consensus::ExpertResponse>& responses) {
  for (auto& row : rows_) {
    row.last.reset();
    for (const auto& response : responses) {
      if (response.expert_name == row.plugin.name) row.last = response;
    }
  }
  if (!rows_.empty()) Q_EMIT dataChanged(index(0, result_column), index(rowCount() - 1, seconds_column));
}

void ExpertList::showRecords(const JudgedPtr& judged) {
  const Taught* taught = judged ? judged->about(question_) : nullptr;
  for (auto& row : rows_) {
    const auto* record = taught ? taught->recordOf(row.plugin.name) : nullptr;
    row.record = record ? recordText(*record) : QString();
  }
  if (!rows_.empty()) Q_EMIT dataChanged(index(0, record_column), index(rowCount() - 1, record_column));
}

int ExpertList::rowOf(const scripting::PluginInfo& plugin, const std::filesystem::path& base) const {
  for (int row = 0; row < rowCount(); ++row) {
    const std::string& name = at(row).plugin.name;
    if (name == plugin.name) return row;
    const std::filesystem::path path = name;
    if (scripting::is_plugin_path(name) && (path.is_relative() ? base / path : path).lexically_normal() == plugin.path)
      return row;
  }
  return -1;
}

void ExpertList::setSettings(int row, nlohmann::json settings) {
  rows_.at(static_cast<std::size_t>(row)).settings = std::move(settings);
  Q_EMIT choiceEdited();
}

std::vector<ExpertChoice> ExpertList::choices() const {
  std::vector<ExpertChoice> choices;
  for (const auto& row : rows_) {
    if (row.on) choices.push_back({row.plugin.name, row.settings, row.weight});
  }
  return choices;
}

int ExpertList::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : static_cast<int>(rows_.size()); }

int ExpertList::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : column_count; }

Qt::ItemFlags ExpertList::flags(const QModelIndex& index) const {
  Qt::ItemFlags flags = QAbstractTableModel::flags(index);
  if (index.column() == name_column) flags |= Qt::ItemIsUserCheckable;
  if (index.column() == weight_column) flags |= Qt::ItemIsEditable;
  return flags;
}

QVariant ExpertList::text(const Row& row, int column) const {
  switch (column) {
    case name_column:
      return qtText(row.plugin.name);
    case scope_column:
      return qtText(row.plugin.scope);
    case trust_column:
      return trustText(row.plugin.trust);
    case weight_column:
      return row.weight;
    case record_column:
      return row.record.isEmpty() ? tr("not judged yet") : row.record;
    case result_column: {
      if (!row.last) return tr("not asked yet");
      if (row.last->status != consensus::Status::answered)
        return qtText(consensus::status_name(row.last->status)).replace(QLatin1Char('_'), QLatin1Char(' '));
      return row.last->verdict ? tr("%1, confidence %2").arg(qtText(*row.last->verdict)).arg(row.last->confidence, 0, 'f', 2)
                               : tr("text only");
    }
    case seconds_column:
      return row.last ? secondsText(row.last->seconds) : QString();
    default:
      return {};
  }
}

QColor ExpertList::resultColour(const consensus::ExpertResponse& response) const {
  const bool judged = response.status == consensus::Status::answered && response.verdict;
  return judged ? lookOf(response.verdict, question_, theme_.theme()).colour : theme_.theme().status(response.status);
}

QVariant ExpertList::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const Row& row = at(index.row());
  switch (role) {
    case Qt::DisplayRole:
    case Qt::EditRole:
      return text(row, index.column());
    case Qt::CheckStateRole:
      return index.column() == name_column ? QVariant(row.on ? Qt::Checked : Qt::Unchecked) : QVariant();
    case Qt::ToolTipRole:
      return row.last && row.last->error ? qtText(row.last->error->message) : qtText(row.plugin.summary);
    case Qt::ForegroundRole:
      if (index.column() == result_column && row.last) return resultColour(*row.last);
      if (index.column() == trust_column && row.plugin.trust == scripting::Trust::untrusted) return theme_.theme().fair;
      return {};
    default:
      return {};
  }
}

bool ExpertList::setData(const QModelIndex& index, const QVariant& value, int role) {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return false;
  Row& row = rows_[static_cast<std::size_t>(index.row())];
  if (role == Qt::CheckStateRole && index.column() == name_column) {
    row.on = value.toInt() == Qt::Checked;
  } else if (role == Qt::EditRole && index.column() == weight_column) {
    bool number = false;
    const double weight = value.toDouble(&number);
    if (!number || !(weight > 0) || weight > 1000) return false;
    row.weight = weight;
  } else {
    return false;
  }
  Q_EMIT dataChanged(index, index);
  Q_EMIT choiceEdited();
  return true;
}

QVariant ExpertList::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
  static const char* const titles[column_count] = {QT_TR_NOOP("Expert"), QT_TR_NOOP("Scope"),    QT_TR_NOOP("Trust"),
                                                   QT_TR_NOOP("Weight"), QT_TR_NOOP("Is right"), QT_TR_NOOP("Last result"),
                                                   QT_TR_NOOP("Took")};
  return section >= 0 && section < column_count ? tr(titles[section]) : QVariant();
}

}  // namespace conclave::desktop
