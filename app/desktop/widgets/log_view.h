// The lines of a log, however many: paints only what is visible, straight from the bytes.
#pragma once

#include <QAbstractScrollArea>
#include <QBasicTimer>
#include <optional>
#include <vector>

#include "app/desktop/models/highlight_list.h"
#include "app/desktop/models/line_matcher.h"
#include "app/desktop/models/log_columns.h"
#include "app/desktop/models/log_text.h"
#include "app/desktop/theme.h"
#include "app/desktop/widgets/line_text.h"

class QMenu;

namespace conclave::desktop {

// GUI thread. Rows are the lines that are shown (all, or those of a set); lines are numbered as in the file. A drag within a line
// selects characters, over several it selects whole lines.
class LogView : public QAbstractScrollArea {
  Q_OBJECT
 public:
  explicit LogView(QWidget* parent = nullptr);

  void setText(const LogText& text);              // another log: starts at its top
  void extendText(const LogText& text);           // more of the same log: keeps its place
  void setShown(const LineSetPtr& lines);         // null: all. Keeps the current line in sight
  void setShowsGaps(bool shows);                  // a rule where lines are left out between two rows
  void setColumns(const LogColumnsPtr& columns);  // null: lines as they are. Copies of whole lines are as they are anyway
  void setSearch(const MatcherPtr& search);
  void setHighlights(const HighlightMarks& marks);
  void setBookmarks(std::vector<quint64> lines);  // ascending
  void setTheme(const Theme& theme);
  // Makes it the current line and scrolls only if it is not in sight; the nearest line after it if it is not shown.
  void goToLine(quint64 line, bool flash = false);
  void scrollToEnd();
  void scrollToMiddle(quint64 line);  // the current line stays

  [[nodiscard]] int rowHeight() const { return rowHeight_; }
  [[nodiscard]] quint64 rowCount() const;
  [[nodiscard]] quint64 lineAt(quint64 row) const;  // 0 if there is no such row
  [[nodiscard]] quint64 currentLine() const { return current_.line; }
  [[nodiscard]] quint64 topLine() const { return lineAt(top_); }
  [[nodiscard]] quint64 bottomLine() const;
  [[nodiscard]] bool isAtEnd() const;  // the last row is on the screen
  [[nodiscard]] quint64 rowsOnScreen() const;
  enum class CopyAs { text, numbered, placed };  // numbered: "  12: line"; placed: "/var/log/app.log:12: line"
  // What copy() would put on the clipboard; nothing if that is too much.
  [[nodiscard]] std::optional<QString> selectedText(CopyAs as = CopyAs::text) const;
  [[nodiscard]] QString shownText(quint64 line) const { return textOf(line).text; }
  [[nodiscard]] bool hasSelection() const;
  // What is selected within a line, else the word at `column` of the current line, or where that was clicked; may be empty.
  [[nodiscard]] QString wordInQuestion(std::optional<int> column = {}) const;

  void copy(CopyAs as = CopyAs::text);

 Q_SIGNALS:
  void currentLineChanged(quint64 line);
  void painted();  // rows are on the screen
  void scrolled();
  void bookmarkClicked(quint64 line);                    // in the margin
  void menuRequested(QMenu* menu, const QString& word);  // who listens may add to it; `word` may be empty
  void findRequested(const QString& text);
  void columnsRequested(const QPoint& globalPosition);  // the header was clicked
  void refused(const QString& why);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void scrollContentsBy(int dx, int dy) override;
  void keyPressEvent(QKeyEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;
  void timerEvent(QTimerEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  struct Spot {
    quint64 line = 0;
    int column = 0;
    bool operator==(const Spot&) const = default;
  };
  struct Row;    // one line while it is painted
  struct Run;    // a part of a line in one colour
  class Header;  // in log_view_columns.cpp

  [[nodiscard]] quint64 rowOf(quint64 line) const;
  [[nodiscard]] LineText textOf(quint64 line) const;
  void placeHeader();
  [[nodiscard]] double xOf(const LineText& text, int column) const;
  [[nodiscard]] Spot spotAt(const QPoint& position) const;
  [[nodiscard]] int gutterWidth() const;
  [[nodiscard]] Row rowFor(quint64 row, qint64 now) const;
  void paintRow(QPainter& painter, const Row& row);
  void paintGutter(QPainter& painter, const Row& row) const;
  [[nodiscard]] std::vector<Run> runsOf(const Row& row) const;
  void measureFont();
  void refreshBars();
  void scrollTo(quint64 top);
  void moveTo(quint64 row, bool extend);
  void select(const Spot& anchor, const Spot& current);

  LogText text_;
  LineSetPtr shown_;
  bool showsGaps_ = false;
  LogColumnsPtr columns_;
  QWidget* header_ = nullptr;  // names of the columns; made when there are some
  MatcherPtr search_;
  HighlightMarks highlights_;
  std::vector<quint64> bookmarks_;
  Theme theme_;
  quint64 top_ = 0;   // row; the scroll bar follows it, in steps where rows are more than an int
  quint64 step_ = 1;  // rows per unit of the scroll bar
  bool settingBar_ = false;
  Spot anchor_, current_;
  quint64 flashing_ = 0;  // line
  int flashesLeft_ = 0;
  QBasicTimer flash_, drag_;
  QPoint dragAt_;
  bool dragging_ = false;
  int wheelRest_ = 0;
  int rowHeight_ = 1;
  double cell_ = 1;  // width of a character in the fixed font
  bool isFixed_ = true;
  double widest_ = 0;  // of the lines painted so far
};

}  // namespace conclave::desktop
