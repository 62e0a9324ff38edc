#include "app/desktop/widgets/card.h"

#include <QToolButton>
#include <QVBoxLayout>

#include "app/desktop/theme.h"

namespace conclave::desktop {

Card::Card(const QString& heading, QWidget* parent) : QFrame(parent), column_(new QVBoxLayout(this)) {
  setObjectName(QStringLiteral("card"));
  column_->setContentsMargins(16, 12, 16, 14);
  column_->setSpacing(8);
  if (!heading.isEmpty()) column_->addWidget(plainLabel(heading, QStringLiteral("heading")));
}

Fold::Fold(const QString& heading, QWidget* content, const ThemeController& theme, bool open, QWidget* parent)
    : QWidget(parent), theme_(theme), head_(new QToolButton), content_(content) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(4);
  head_->setText(heading);
  head_->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  head_->setAutoRaise(true);
  head_->setCheckable(true);
  head_->setChecked(open);
  head_->setObjectName(QStringLiteral("fold"));
  head_->setCursor(Qt::PointingHandCursor);
  column->addWidget(head_);
  column->addWidget(content_);
  connect(head_, &QToolButton::toggled, this, &Fold::refresh);
  refresh();
}

bool Fold::isOpen() const { return head_->isChecked(); }

void Fold::open() { head_->setChecked(true); }

void Fold::refresh() {
  head_->setIcon(theme_.icon(isOpen() ? QStringLiteral("down") : QStringLiteral("right"), theme_.theme().muted));
  content_->setVisible(isOpen());
}

QLabel* plainLabel(const QString& text, const QString& objectName) {
  auto* label = new QLabel;
  label->setTextFormat(Qt::PlainText);
  label->setText(text);
  label->setWordWrap(true);
  label->setObjectName(objectName);
  label->setTextInteractionFlags(Qt::TextSelectableByMouse);
  return label;
}

QLabel* richLabel(const QString& html) {
  auto* label = new QLabel;
  label->setTextFormat(Qt::RichText);
  label->setText(html);
  label->setWordWrap(true);
  label->setTextInteractionFlags(Qt::TextBrowserInteraction);
  label->setOpenExternalLinks(false);
  return label;
}

}  // namespace conclave::desktop
