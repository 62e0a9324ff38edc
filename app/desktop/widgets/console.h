// The Python console: what scripts print, and a line to type into. Never waits: Python answers by signal.
#pragma once

#include <QWidget>

#include "app/desktop/console_history.h"
#include "app/desktop/scripts.h"
#include "app/desktop/theme.h"

class QLabel;
class QLineEdit;
class QPushButton;

namespace conclave::desktop {

class ConsoleInput;
class LinkedText;

class Console : public QWidget {
  Q_OBJECT
 public:
  Console(Scripts& scripts, const ThemeController& theme, QWidget* parent = nullptr);

  void focusInput();
  [[nodiscard]] ConsoleInput* input() const { return input_; }
  [[nodiscard]] LinkedText* output() const { return output_; }
  [[nodiscard]] QString transcript() const;
  void clear();

 protected:
  void resizeEvent(QResizeEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  enum class Mode { idle, running, asking, secret };  // asking: input() of what runs waits for a line; secret: getpass()

  void layOut();
  void connectInput();
  void submit(const QString& source);
  void ended(const QString& source, const scripting::ConsoleReply& reply);
  void asked(scripting::Asks what);
  void answer(const QString& text);
  void answerSecret();
  void endInput();
  void append(const QString& text, const QColor& colour);
  void appendOutput(const std::vector<OutputPiece>& pieces);
  [[nodiscard]] QColor colourOf(const QString& origin) const;
  void wantTip();
  void showTip(const QString& tip);
  void showPrompt(const QString& text = {});  // empty: the one of the mode
  void refresh();

  Scripts& scripts_;
  const ThemeController& theme_;
  ConsoleHistory history_;
  LinkedText* output_;
  QLabel* prompt_;
  ConsoleInput* input_;
  QLineEdit* secret_;  // in place of input_ while getpass() waits
  QPushButton* stop_;
  QLabel* tip_;  // lies over the end of the output
  QTimer tipTimer_;
  QString lastOrigin_;
  quint64 completion_ = 0;  // of the latest request: earlier answers are stale
  quint64 tipRequest_ = 0;
  qsizetype echoed_ = 0;  // lines of the command being typed that the transcript has
  bool more_ = false;     // the command being typed is incomplete
  Mode mode_ = Mode::idle;
};

}  // namespace conclave::desktop
