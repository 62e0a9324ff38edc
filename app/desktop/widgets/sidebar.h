// The slim column of buttons that switches pages.
#pragma once

#include <QButtonGroup>
#include <QVBoxLayout>
#include <QWidget>

#include "app/desktop/theme.h"

namespace conclave::desktop {

class Sidebar : public QWidget {
  Q_OBJECT
 public:
  explicit Sidebar(const ThemeController& theme, QWidget* parent = nullptr);
  void add(const QString& title, const QString& icon, const QString& tip);
  void select(int index);
  [[nodiscard]] int current() const { return buttons_.checkedId(); }

 Q_SIGNALS:
  void selected(int index);

 private:
  void refreshIcons();
  const ThemeController& theme_;
  QVBoxLayout* layout_;
  QButtonGroup buttons_;
};

}  // namespace conclave::desktop
