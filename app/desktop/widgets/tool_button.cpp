#include "app/desktop/widgets/tool_button.h"

#include <QToolButton>

namespace conclave::desktop {

QToolButton* toolButton(const QString& text, const QString& tip, bool checkable) {
  auto* button = new QToolButton;
  button->setText(text);
  button->setToolTip(tip);
  button->setAccessibleName(tip);
  button->setCheckable(checkable);
  button->setAutoRaise(true);
  return button;
}

}  // namespace conclave::desktop
