// A text with line numbers and with problems marked where they are: tinted line, mark in the gutter, tooltip.
#pragma once

#include <QPlainTextEdit>
#include <map>
#include <vector>

#include "app/desktop/theme.h"
#include "engine/config/problem.h"

namespace conclave::desktop {

// Read-only. GUI thread.
class MarkedText : public QPlainTextEdit {
  Q_OBJECT
 public:
  explicit MarkedText(const ThemeController& theme, QWidget* parent = nullptr);

  // Keeps line and scroll position if the number of lines stays the same.
  void showText(const QString& text);
  void mark(const std::vector<config::Problem>& problems);
  void goToLine(int line);  // 1-based; beyond the end: the last one
  [[nodiscard]] int currentLine() const;
  [[nodiscard]] QString problemsOf(int line) const;  // for the tooltip; empty: none

 protected:
  void resizeEvent(QResizeEvent* event) override;
  void showEvent(QShowEvent* event) override;
  bool viewportEvent(QEvent* event) override;

 private:
  class Gutter;
  struct Mark {
    config::Severity worst;
    QStringList texts;
  };
  void layOut();
  void paintMarks();
  void paintGutter(QPaintEvent* event);
  [[nodiscard]] int gutterWidth() const;
  [[nodiscard]] int lineAt(int y) const;

  const ThemeController& theme_;
  Gutter* gutter_;
  std::map<int, Mark> marks_;
  bool centresWhenShown_ = false;  // gone to a line while hidden, when the height was not known
};

}  // namespace conclave::desktop
