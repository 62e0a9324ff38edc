// A large button with an icon, a title and a line that says what happens.
#pragma once

#include <QPushButton>

#include "app/desktop/theme.h"

class QLabel;

namespace conclave::desktop {

class StartButton : public QPushButton {
  Q_OBJECT
 public:
  // An & in `title` marks the key, as in every button.
  StartButton(QString icon, const QString& title, const QString& text, const ThemeController& theme, QWidget* parent = nullptr);
  [[nodiscard]] QSize sizeHint() const override;

 private:
  void refresh();
  const ThemeController& theme_;
  QString icon_;
  QLabel* mark_;
};

}  // namespace conclave::desktop
