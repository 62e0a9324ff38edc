#include "app/desktop/widgets/sidebar.h"

#include <QToolButton>

namespace conclave::desktop {

namespace {
constexpr int sidebar_width = 92;
constexpr QSize icon_size(24, 24);
}  // namespace

Sidebar::Sidebar(const ThemeController& theme, QWidget* parent) : QWidget(parent), theme_(theme), layout_(new QVBoxLayout(this)) {
  setObjectName(QStringLiteral("sidebar"));
  setAttribute(Qt::WA_StyledBackground);
  setFixedWidth(sidebar_width);
  layout_->setContentsMargins(0, 8, 0, 8);
  layout_->setSpacing(2);
  layout_->addStretch();
  connect(&buttons_, &QButtonGroup::idClicked, this, &Sidebar::selected);
  connect(&theme, &ThemeController::changed, this, &Sidebar::refreshIcons);
}

void Sidebar::add(const QString& title, const QString& icon, const QString& tip) {
  auto* button = new QToolButton;
  button->setText(title);
  button->setProperty("icon_name", icon);
  button->setIconSize(icon_size);
  button->setToolButtonStyle(Qt::ToolButtonTextUnderIcon);
  button->setCheckable(true);
  button->setToolTip(tip);
  button->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  buttons_.addButton(button, static_cast<int>(buttons_.buttons().size()));
  layout_->insertWidget(layout_->count() - 1, button);
  refreshIcons();
}

void Sidebar::select(int index) {
  if (auto* button = buttons_.button(index)) button->setChecked(true);
}

void Sidebar::refreshIcons() {
  for (auto* button : buttons_.buttons()) button->setIcon(theme_.icon(button->property("icon_name").toString()));
}

}  // namespace conclave::desktop
