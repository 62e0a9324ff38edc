// Text of programs as it comes: escape sequences left out, progress bars drawn over themselves, and places in files that open in
// the user's editor.
#pragma once

#include <QPlainTextEdit>

namespace conclave::desktop {

// Read-only; keeps the last 10,000 lines. GUI thread.
class LinkedText : public QPlainTextEdit {
  Q_OBJECT
 public:
  explicit LinkedText(QWidget* parent = nullptr);

  // At the end; scrolls along if the end was in view. Places are drawn in `linkColour`.
  void write(const QString& text, const QColor& colour, const QColor& linkColour);
  void startLine();  // ends the last line unless it is empty
  [[nodiscard]] QString lastLine() const;

 Q_SIGNALS:
  void trouble(const QString& why);  // the editor could not be opened

 protected:
  void mouseMoveEvent(QMouseEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;

 private:
  void put(QTextCursor& cursor, const QString& text, const QColor& colour, const QColor& linkColour);
  void open(const QString& href);
  QString pressed_;       // href under the mouse when it went down
  bool rewound_ = false;  // a carriage return came: what follows replaces the line
};

}  // namespace conclave::desktop
