// Highlighters: words, expressions and queries that are marked in every log, each with a colour.
#pragma once

#include <QAbstractTableModel>
#include <QString>
#include <memory>
#include <vector>

#include "app/desktop/models/line_matcher.h"

namespace conclave::desktop {

// A plain value.
struct Highlight {
  QString text;
  bool isExpression = false;
  bool caseMatters = false;
  bool wholeLine = false;
  bool isOn = true;
  int colour = 0;        // of highlightColour()
  bool isQuery = false;  // case and expression play no part then
  bool operator==(const Highlight&) const = default;
};

// What is painted: those that are on and can be understood, the first one above the others.
struct HighlightMark {
  MatcherPtr matcher;
  int colour = 0;
  bool wholeLine = false;
  QString query = {};          // empty: it is none, and holds wherever the matcher finds something
  LineSetPtr lines = nullptr;  // of a query: where it holds; null: not known yet

  [[nodiscard]] bool holdsFor(quint64 line) const { return query.isEmpty() || (lines && lines->contains(line)); }
};
using HighlightMarks = std::shared_ptr<const std::vector<HighlightMark>>;

// Owner: the logs page. GUI thread. One row per highlighter, remembered in the settings at every change.
class HighlightList : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { text_column, expression_column, case_column, query_column, line_column, colour_column };
  static constexpr int column_count = colour_column + 1;

  explicit HighlightList(QObject* parent = nullptr);

  int add(const QString& text);  // its row; in the colour that is used least. A text that is there already is switched on
  void remove(int row);
  void move(int row, int by);  // -1: before the one before it
  void setColour(int row, int colour);
  [[nodiscard]] const std::vector<Highlight>& all() const { return all_; }
  [[nodiscard]] const HighlightMarks& marks() const { return marks_; }
  void tellProblem(const QString& query, const QString& why);  // it turned out too hard for a log; until it is edited
  [[nodiscard]] QString problemOf(int row) const;              // why it marks nothing; empty: it does

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
  [[nodiscard]] Qt::ItemFlags flags(const QModelIndex& index) const override;
  bool setData(const QModelIndex& index, const QVariant& value, int role = Qt::EditRole) override;

 Q_SIGNALS:
  void marksChanged();

 private:
  void compile();
  void changed(int row);  // also: remembers

  std::vector<Highlight> all_;
  std::vector<QString> problems_;  // one each; empty: none
  HighlightMarks marks_;
};

}  // namespace conclave::desktop
