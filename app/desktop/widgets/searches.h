// What the find bar can search besides logs: rows of a table or tree, a text, the labels of a page.
#pragma once

#include <QLabel>
#include <QPersistentModelIndex>
#include <QPlainTextEdit>
#include <QPointer>

#include "app/desktop/widgets/finder.h"

class QAbstractItemView;
class QScrollArea;

namespace conclave::desktop {

// A row matches if what its columns show, side by side, does. Folded rows are searched, too.
class RowSearch : public Searchable {
 public:
  explicit RowSearch(QAbstractItemView& view) : view_(view) {}
  std::vector<Match> matches(const LineMatcher& matcher) override;
  Match here() const override;
  void show(const Match& match) override;
  QWidget& widget() override;

 private:
  QAbstractItemView& view_;
  std::vector<QPersistentModelIndex> rows_;  // all, in the order of reading
};

// Pieces are lines.
class TextSearch : public Searchable {
 public:
  explicit TextSearch(QPlainTextEdit& text) : text_(text) {}
  std::vector<Match> matches(const LineMatcher& matcher) override;
  Match here() const override;
  void show(const Match& match) override;
  QWidget& widget() override { return text_; }

 private:
  QPlainTextEdit& text_;
};

// The labels in a scroll area, from top to bottom. Folds that hide a match are opened when it is shown.
class LabelSearch : public Searchable {
 public:
  explicit LabelSearch(QScrollArea& area) : area_(area) {}
  std::vector<Match> matches(const LineMatcher& matcher) override;
  Match here() const override { return at_; }
  void show(const Match& match) override;
  QWidget& widget() override;

 private:
  QScrollArea& area_;
  std::vector<QPointer<QLabel>> labels_;
  Match at_;
};

}  // namespace conclave::desktop
