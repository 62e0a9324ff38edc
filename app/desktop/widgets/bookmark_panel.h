// The bookmarks of a log under its lines: where they are, what was noted, what the lines say.
#pragma once

#include <QFrame>

#include "app/desktop/models/bookmark_list.h"

class QTableView;
class QToolButton;

namespace conclave::desktop {

// Owner: a pane of the logs page, which also owns the list. GUI thread. Enter or a double click goes to the line, typing edits
// the note, Delete removes, Escape closes.
class BookmarkPanel : public QFrame {
  Q_OBJECT
 public:
  explicit BookmarkPanel(BookmarkList& bookmarks, QWidget* parent = nullptr);
  void open();
  void close();
  void editNote(int row);

 Q_SIGNALS:
  void lineRequested(quint64 line);
  void closed();

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void go();
  void refresh();
  BookmarkList& bookmarks_;
  QTableView* table_;
  QToolButton* remove_;
};

}  // namespace conclave::desktop
