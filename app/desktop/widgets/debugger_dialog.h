// Lets a debugger attach to the Python inside the window.
#pragma once

#include <QDialog>

#include "app/desktop/scripts.h"

class QLabel;
class QPlainTextEdit;
class QPushButton;
class QSpinBox;

namespace conclave::desktop {

// GUI thread. Once something listens it does so until the program ends; then this shows how to attach.
class DebuggerDialog : public QDialog {
  Q_OBJECT
 public:
  explicit DebuggerDialog(Scripts& scripts, QWidget* parent = nullptr);

  // What an editor needs (launch.json of VS Code).
  [[nodiscard]] static QString snippet(const QString& host, int port);

 Q_SIGNALS:
  void listening(const QString& address);

 private:
  void listen();
  void showAddress(const QString& address);  // empty: nothing listens yet

  Scripts& scripts_;
  QLabel* message_;
  QWidget* choice_;
  QSpinBox* port_;
  QPushButton* listen_;
  QPlainTextEdit* snippet_;
  QPushButton* copy_;
};

}  // namespace conclave::desktop
