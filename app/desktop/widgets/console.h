// The Python console: what scripts print, and a line to type into. Never waits: Python answers by signal.
#pragma once

#include <QWidget>

#include "app/desktop/scripts.h"
#include "app/desktop/theme.h"

class QLabel;
class QPlainTextEdit;
class QPushButton;

namespace conclave::desktop {

class ConsoleInput;

class Console : public QWidget {
  Q_OBJECT
 public:
  Console(Scripts& scripts, const ThemeController& theme, QWidget* parent = nullptr);

  void focusInput();
  [[nodiscard]] ConsoleInput* input() const { return input_; }
  [[nodiscard]] QString transcript() const;
  void clear();

 private:
  void submit(const QString& source);
  void ended(const QString& source, const scripting::ConsoleReply& reply);
  void append(const QString& text, const QColor& colour);
  void appendOutput(const std::vector<OutputPiece>& pieces);
  void refresh();

  Scripts& scripts_;
  const ThemeController& theme_;
  QPlainTextEdit* output_;
  QLabel* prompt_;
  ConsoleInput* input_;
  QPushButton* stop_;
  QString lastOrigin_;
  quint64 completion_ = 0;  // of the latest request: earlier answers are stale
  qsizetype echoed_ = 0;    // lines of the command being typed that the transcript has
  bool running_ = false;
};

}  // namespace conclave::desktop
