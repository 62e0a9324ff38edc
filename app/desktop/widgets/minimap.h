// The whole log beside its scroll bar: where its errors and warnings are, what was found, the bookmarks, what is on the screen.
#pragma once

#include <QImage>
#include <QWidget>
#include <optional>
#include <vector>

#include "app/desktop/models/level_map.h"
#include "app/desktop/theme.h"

namespace conclave::desktop {

// Owner: a pane of the logs page, which also owns the levels. GUI thread. What the mouse does here the keys of the lines do
// there.
class Minimap : public QWidget {
  Q_OBJECT
 public:
  explicit Minimap(const LevelMap& levels, QWidget* parent = nullptr);

  void setMatches(const LineSetPtr& matches);  // null: none
  void setBookmarks(std::vector<quint64> lines);
  void setScreen(quint64 first, quint64 last);  // the lines that are on the screen
  void setTheme(const Theme& theme);

  [[nodiscard]] quint64 lineAt(double y) const;  // 1 to the number of lines; 0 without lines
  [[nodiscard]] double yOf(quint64 line) const;
  // What a stretch of the file has, as it is painted in one row of pixels.
  struct Stretch {
    quint64 first = 0, last = 0;  // lines
    quint64 errors = 0, warnings = 0, matches = 0;
    quint64 target = 0;  // the line a click leads to: a bookmark, a match, an error or a warning; else the first
    bool isBookmarked = false;
  };
  [[nodiscard]] Stretch stretchAt(int y) const;

 Q_SIGNALS:
  void scrollRequested(quint64 line);  // into the middle; again and again during a drag
  void lineRequested(quint64 line);    // by a click

 protected:
  bool event(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;

 private:
  void redraw();
  void draw();
  [[nodiscard]] QString tip(int y) const;

  const LevelMap& levels_;
  LineSetPtr matches_;
  std::vector<quint64> bookmarks_;
  quint64 first_ = 0, last_ = 0;
  Theme theme_;
  QImage picture_;  // of everything but the screen; null: to be drawn
  std::optional<int> pressed_;
  bool isDragged_ = false;
};

}  // namespace conclave::desktop
