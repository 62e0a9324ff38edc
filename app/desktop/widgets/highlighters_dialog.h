// The highlighters: add, edit, reorder, switch off. Every change is seen in the logs at once and remembered.
#pragma once

#include <QDialog>

#include "app/desktop/models/highlight_list.h"
#include "app/desktop/theme.h"

class QLabel;
class QPushButton;
class QTableView;

namespace conclave::desktop {

// Owner: the logs page, which also owns the list. GUI thread; not modal.
class HighlightersDialog : public QDialog {
  Q_OBJECT
 public:
  HighlightersDialog(HighlightList& highlights, const ThemeController& theme, QWidget* parent = nullptr);
  void open(int row = -1);  // with that one selected
  void applyTheme();

 private:
  void add();
  void remove();
  void move(int by);
  void refresh();

  HighlightList& highlights_;
  const ThemeController& theme_;
  QTableView* table_;
  QLabel* problem_;
  QPushButton* remove_;
  QPushButton* up_;
  QPushButton* down_;
};

}  // namespace conclave::desktop
