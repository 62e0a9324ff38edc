// A scrolled column with a row for each thing that runs, and a line of text while there is none.
#pragma once

#include <QHBoxLayout>
#include <QLabel>
#include <QScrollArea>
#include <QVBoxLayout>
#include <map>
#include <set>

namespace conclave::desktop {

// `Row` is a struct of what a panel changes in a row; its member `widget` is the row itself. Owner: the panel; the widgets are
// children of the panel and go with it. GUI thread.
template <class Id, class Row>
class LiveRows {
 public:
  LiveRows(QWidget& panel, const QString& idleText, const QString& accessibleName = {}) : idle_(new QLabel(idleText)) {
    auto* inner = new QWidget;
    column_ = new QVBoxLayout(inner);
    idle_->setObjectName(QStringLiteral("muted"));
    column_->addWidget(idle_);
    column_->addStretch();
    auto* scroll = new QScrollArea;
    scroll->setWidget(inner);
    scroll->setWidgetResizable(true);
    scroll->setAccessibleName(accessibleName);
    auto* layout = new QVBoxLayout(&panel);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(scroll);
  }

  [[nodiscard]] Row& at(const Id& id) { return rows_.at(id); }
  [[nodiscard]] Row* find(const Id& id) {
    const auto found = rows_.find(id);
    return found == rows_.end() ? nullptr : &found->second;
  }

  // `fill(line)` puts widgets into the new row and gives a Row, whose `widget` is set here.
  template <class Fill>
  Row& add(const Id& id, const Fill& fill) {
    auto* widget = new QWidget;
    auto* line = new QHBoxLayout(widget);
    line->setContentsMargins(0, 2, 0, 2);
    Row row = fill(line);
    row.widget = widget;
    column_->insertWidget(column_->count() - 1, widget);
    return rows_.emplace(id, row).first->second;
  }

  // Removes the rows of what is not in `seen`.
  void keep(const std::set<Id>& seen) {
    for (auto row = rows_.begin(); row != rows_.end();) {
      if (seen.contains(row->first)) {
        ++row;
        continue;
      }
      row->second.widget->deleteLater();
      row = rows_.erase(row);
    }
    idle_->setVisible(rows_.empty());
  }

 private:
  QVBoxLayout* column_;
  QLabel* idle_;
  std::map<Id, Row> rows_;
};

}  // namespace conclave::desktop
