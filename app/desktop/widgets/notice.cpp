#include "app/desktop/widgets/notice.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>

namespace conclave::desktop {

Notice::Notice(const QString& action, QWidget* parent) : QFrame(parent), text_(new QLabel) {
  setObjectName(QStringLiteral("notice"));
  auto* layout = new QHBoxLayout(this);
  layout->setContentsMargins(16, 6, 16, 6);
  text_->setTextFormat(Qt::PlainText);
  text_->setWordWrap(true);
  layout->addWidget(text_, 1);
  if (!action.isEmpty()) {
    auto* button = new QPushButton(action);
    layout->addWidget(button);
    connect(button, &QPushButton::clicked, this, &Notice::acted);
  }
  hide();
}

void Notice::say(const QString& text) {
  text_->setText(text);
  setVisible(!text.isEmpty());
}

QString Notice::text() const { return text_->text(); }

}  // namespace conclave::desktop
