// Scripts that run now, and the ladder by which each is stopped: asked, interrupted, killed.
#pragma once

#include <QWidget>

#include "app/desktop/scripts.h"
#include "app/desktop/theme.h"
#include "app/desktop/widgets/live_rows.h"

class QLabel;
class QPushButton;

namespace conclave::desktop {

// Looks twice a second while it is visible.
class RunningPanel : public QWidget {
  Q_OBJECT
 public:
  RunningPanel(Scripts& scripts, const ThemeController& theme, QWidget* parent = nullptr);
  // Of what has the script thread, as soon as it is known.
  void showStackOfBusy();

 protected:
  void showEvent(QShowEvent* event) override;
  void hideEvent(QHideEvent* event) override;

 private:
  struct Row {
    QWidget* widget;
    QLabel* text;
    QPushButton* stack;
    QPushButton* stop;
    scripting::RunningScript script;
  };
  void showScripts(const std::vector<scripting::RunningScript>& scripts);
  Row fillRow(QHBoxLayout* line, const scripting::RunningScript& script);
  void climb(std::uint64_t id);
  void openStack(const scripting::RunningScript& script);

  Scripts& scripts_;
  const ThemeController& theme_;
  LiveRows<std::uint64_t, Row> rows_;
  QTimer timer_;
  bool stackWanted_ = false;
};

// The next rung for what is in this state; nothing if there is none left.
[[nodiscard]] std::optional<scripting::StopHow> nextRung(const scripting::RunningScript& script);

}  // namespace conclave::desktop
