#include "app/desktop/models/highlight_list.h"

#include <QSettings>
#include <algorithm>
#include <array>

#include "app/desktop/highlight_colours.h"
#include "app/desktop/text.h"

namespace conclave::desktop {

namespace {

constexpr auto settings_key = "logs/highlighters";

Highlight read(const QSettings& settings) {
  const auto isSet = [&](const char* name) { return settings.value(QLatin1String(name)).toBool(); };
  return {settings.value(QStringLiteral("text")).toString(),
          isSet("expression"),
          isSet("case"),
          isSet("line"),
          isSet("on"),
          std::clamp(settings.value(QStringLiteral("colour")).toInt(), 0, highlight_colours - 1),
          isSet("query")};
}

void write(QSettings& settings, const Highlight& highlight) {
  settings.setValue(QStringLiteral("text"), highlight.text);
  settings.setValue(QStringLiteral("expression"), highlight.isExpression);
  settings.setValue(QStringLiteral("case"), highlight.caseMatters);
  settings.setValue(QStringLiteral("line"), highlight.wholeLine);
  settings.setValue(QStringLiteral("on"), highlight.isOn);
  settings.setValue(QStringLiteral("colour"), highlight.colour);
  settings.setValue(QStringLiteral("query"), highlight.isQuery);
}

// What the check box of a column says.
template <class Of>
auto* flagOf(Of& highlight, int column) {
  switch (column) {
    case HighlightList::text_column:
      return &highlight.isOn;
    case HighlightList::expression_column:
      return &highlight.isExpression;
    case HighlightList::case_column:
      return &highlight.caseMatters;
    case HighlightList::query_column:
      return &highlight.isQuery;
    case HighlightList::line_column:
      return &highlight.wholeLine;
    default:
      return static_cast<decltype(&highlight.isOn)>(nullptr);
  }
}

}  // namespace

HighlightList::HighlightList(QObject* parent) : QAbstractTableModel(parent) {
  QSettings settings;
  const int count = settings.beginReadArray(QLatin1String(settings_key));
  for (int each = 0; each < count; ++each) {
    settings.setArrayIndex(each);
    all_.push_back(read(settings));
  }
  settings.endArray();
  compile();
}

void HighlightList::compile() {
  auto marks = std::make_shared<std::vector<HighlightMark>>();
  problems_.assign(all_.size(), {});
  for (std::size_t row = 0; row < all_.size(); ++row) {
    const auto& each = all_[row];
    if (each.text.isEmpty()) continue;
    const auto matcher =
        each.isQuery ? LineMatcher::makeQuery(each.text) : LineMatcher::make(each.text, each.isExpression, each.caseMatters);
    if (!matcher) {
      problems_[row] = qtText(matcher.error().text());
    } else if (each.isOn) {
      marks->push_back({*matcher, each.colour, each.wholeLine, each.isQuery ? each.text : QString()});
    }
  }
  marks_ = std::move(marks);
}

void HighlightList::changed(int row) {
  compile();
  QSettings settings;
  settings.remove(QLatin1String(settings_key));
  settings.beginWriteArray(QLatin1String(settings_key), static_cast<int>(all_.size()));
  for (int each = 0; each < static_cast<int>(all_.size()); ++each) {
    settings.setArrayIndex(each);
    write(settings, all_[static_cast<std::size_t>(each)]);
  }
  settings.endArray();
  if (row >= 0) Q_EMIT dataChanged(index(row, 0), index(row, column_count - 1));
  Q_EMIT marksChanged();
}

int HighlightList::add(const QString& text) {
  const auto same = std::ranges::find_if(all_, [&](const Highlight& each) { return !text.isEmpty() && each.text == text; });
  if (same != all_.end()) {
    same->isOn = true;
    const int row = static_cast<int>(same - all_.begin());
    changed(row);
    return row;
  }
  std::array<int, highlight_colours> uses{};
  for (const auto& each : all_) ++uses.at(static_cast<std::size_t>(each.colour));
  Highlight fresh;
  fresh.text = text;
  fresh.colour = static_cast<int>(std::ranges::min_element(uses) - uses.begin());
  const int row = rowCount();
  beginInsertRows({}, row, row);
  all_.push_back(fresh);
  problems_.emplace_back();
  endInsertRows();
  changed(-1);
  return row;
}

void HighlightList::remove(int row) {
  beginRemoveRows({}, row, row);
  all_.erase(all_.begin() + row);
  problems_.erase(problems_.begin() + row);
  endRemoveRows();
  changed(-1);
}

void HighlightList::move(int row, int by) {
  const int to = row + by;
  if (to < 0 || to >= rowCount() || by == 0) return;
  beginMoveRows({}, row, row, {}, by > 0 ? to + 1 : to);
  const auto begin = all_.begin();
  if (by > 0) {
    std::rotate(begin + row, begin + row + 1, begin + to + 1);
  } else {
    std::rotate(begin + to, begin + row, begin + row + 1);
  }
  compile();
  endMoveRows();
  changed(-1);
}

void HighlightList::setColour(int row, int colour) {
  all_.at(static_cast<std::size_t>(row)).colour = std::clamp(colour, 0, highlight_colours - 1);
  changed(row);
}

void HighlightList::tellProblem(const QString& query, const QString& why) {
  for (int row = 0; row < rowCount(); ++row) {
    const auto& each = all_[static_cast<std::size_t>(row)];
    if (!each.isQuery || each.text != query) continue;
    problems_[static_cast<std::size_t>(row)] = why;
    Q_EMIT dataChanged(index(row, 0), index(row, column_count - 1));
  }
}

QString HighlightList::problemOf(int row) const { return problems_.at(static_cast<std::size_t>(row)); }

int HighlightList::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : static_cast<int>(all_.size()); }

int HighlightList::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : column_count; }

QVariant HighlightList::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const auto& each = all_[static_cast<std::size_t>(index.row())];
  if (role == Qt::CheckStateRole) {
    const bool* flag = flagOf(each, index.column());
    return flag ? QVariant(*flag ? Qt::Checked : Qt::Unchecked) : QVariant();
  }
  if (role == Qt::ToolTipRole) {
    const QString problem = problemOf(index.row());
    return problem.isEmpty() ? QVariant(headerData(index.column(), Qt::Horizontal, Qt::ToolTipRole)) : QVariant(problem);
  }
  if (role == Qt::AccessibleTextRole && index.column() != text_column && index.column() != colour_column) {
    return headerData(index.column(), Qt::Horizontal);
  }
  if (role != Qt::DisplayRole && role != Qt::EditRole) return {};
  if (index.column() == text_column) return each.text;
  if (index.column() == colour_column) return role == Qt::EditRole ? QVariant(each.colour) : QVariant(highlightName(each.colour));
  return {};
}

QVariant HighlightList::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= column_count) return {};
  static const std::array names = {tr("Text"), tr(".*"), tr("Aa"), tr("Query"), tr("Line"), tr("Colour")};
  static const std::array tips = {
      tr("What is marked; its check box switches it off"),
      tr("Regular expression"),
      tr("Match case"),
      tr("A query such as level>=error or field:status>=500; marks the texts in it, or else the line"),
      tr("Colour the whole line"),
      tr("In which colour")};
  if (role == Qt::DisplayRole) return names.at(static_cast<std::size_t>(section));
  if (role == Qt::ToolTipRole) return tips.at(static_cast<std::size_t>(section));
  return {};
}

Qt::ItemFlags HighlightList::flags(const QModelIndex& index) const {
  if (!index.isValid()) return Qt::NoItemFlags;
  const bool isForTexts = index.column() == expression_column || index.column() == case_column;
  if (isForTexts && all_[static_cast<std::size_t>(index.row())].isQuery) return Qt::ItemIsSelectable | Qt::ItemNeverHasChildren;
  const Qt::ItemFlags flags = Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemNeverHasChildren;
  if (index.column() == text_column) return flags | Qt::ItemIsEditable | Qt::ItemIsUserCheckable;
  return flags | (index.column() == colour_column ? Qt::ItemIsEditable : Qt::ItemIsUserCheckable);
}

bool HighlightList::setData(const QModelIndex& index, const QVariant& value, int role) {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return false;
  auto& each = all_[static_cast<std::size_t>(index.row())];
  bool* flag = flagOf(each, index.column());
  if (role == Qt::CheckStateRole && flag) {
    *flag = value.value<Qt::CheckState>() == Qt::Checked;
  } else if (role == Qt::EditRole && index.column() == text_column) {
    each.text = value.toString();
    if (!each.isExpression && looksLikeQuery(each.text)) each.isQuery = true;
  } else if (role == Qt::EditRole && index.column() == colour_column) {
    each.colour = std::clamp(value.toInt(), 0, highlight_colours - 1);
  } else {
    return false;
  }
  changed(index.row());
  return true;
}

}  // namespace conclave::desktop
