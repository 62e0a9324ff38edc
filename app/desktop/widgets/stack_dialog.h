// The stall inspector: the Python stack of one script, looked at anew every second.
#pragma once

#include <QDialog>
#include <QTimer>

#include "app/desktop/scripts.h"
#include "app/desktop/theme.h"

class QCheckBox;
class QLabel;

namespace conclave::desktop {

class LinkedText;

class StackDialog : public QDialog {
  Q_OBJECT
 public:
  StackDialog(Scripts& scripts, const ThemeController& theme, const scripting::RunningScript& script, QWidget* parent = nullptr);

 private:
  void look();
  void showStack(const Result<std::string>& stack);

  Scripts& scripts_;
  const ThemeController& theme_;
  const std::uint64_t id_;
  QLabel* state_;
  LinkedText* text_;
  QCheckBox* live_;
  QTimer timer_;
  QString shown_;
  bool looking_ = false;
  int same_ = 0;  // looks in a row that found the same stack
};

}  // namespace conclave::desktop
