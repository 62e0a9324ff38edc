#include "app/desktop/models/problem_list.h"

#include <algorithm>

#include "app/desktop/text.h"

namespace conclave::desktop {

ProblemList::ProblemList(const ThemeController& theme, QObject* parent) : QAbstractTableModel(parent), theme_(theme) {}

void ProblemList::show(std::vector<config::Problem> problems) {
  beginResetModel();
  problems_ = std::move(problems);
  std::stable_sort(problems_.begin(), problems_.end(),
                   [](const auto& a, const auto& b) { return a.location.line < b.location.line; });
  endResetModel();
}

int ProblemList::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : static_cast<int>(problems_.size()); }

int ProblemList::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : column_count; }

QVariant ProblemList::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const auto& problem = at(index.row());
  if (role == Qt::DecorationRole && index.column() == severity_column) return theme_.theme().severity(problem.severity);
  if (role == Qt::ForegroundRole && index.column() == severity_column) return theme_.theme().severity(problem.severity);
  if (role == Qt::ForegroundRole && index.column() == fix_column) return theme_.theme().muted;
  if (role == Qt::ToolTipRole) return qtText(config::to_text(problem));
  if (role != Qt::DisplayRole) return {};
  switch (index.column()) {
    case severity_column:
      return qtText(config::severity_name(problem.severity));
    case line_column:
      return problem.location.line > 0 ? QVariant(problem.location.line) : QVariant();
    case message_column:
      return qtText(problem.message);
    case fix_column:
      return qtText(problem.fix);
    default:
      return {};
  }
}

QVariant ProblemList::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole || section < 0 || section >= column_count) return {};
  static const char* const titles[column_count] = {QT_TR_NOOP("Severity"), QT_TR_NOOP("Line"), QT_TR_NOOP("Problem"),
                                                   QT_TR_NOOP("How to mend it")};
  return tr(titles[section]);
}

}  // namespace conclave::desktop
