#include "app/desktop/widgets/start_button.h"

#include <QHBoxLayout>
#include <QKeySequence>
#include <QLabel>
#include <QVBoxLayout>

namespace conclave::desktop {

namespace {
constexpr int icon_size = 30;
}

StartButton::StartButton(QString icon, const QString& title, const QString& text, const ThemeController& theme, QWidget* parent)
    : QPushButton(parent), theme_(theme), icon_(std::move(icon)), mark_(new QLabel) {
  const QString name = QString(title).remove(QLatin1Char('&'));
  setAccessibleName(name);
  setAccessibleDescription(text);
  setShortcut(QKeySequence::mnemonic(title));
  setToolTip(QStringLiteral("%1 (%2)").arg(text, shortcut().toString(QKeySequence::NativeText)));
  setCursor(Qt::PointingHandCursor);
  auto* heading = new QLabel(name);
  heading->setStyleSheet(QStringLiteral("font-weight: 600; font-size: 11pt;"));
  auto* line = new QLabel(text);
  line->setObjectName(QStringLiteral("muted"));
  auto* words = new QVBoxLayout;
  words->setSpacing(1);
  words->addWidget(heading);
  words->addWidget(line);
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(16, 10, 16, 10);
  row->setSpacing(16);
  row->addWidget(mark_);
  row->addLayout(words, 1);
  for (auto* label : {mark_, heading, line}) label->setAttribute(Qt::WA_TransparentForMouseEvents);
  connect(&theme, &ThemeController::changed, this, &StartButton::refresh);
  refresh();
}

QSize StartButton::sizeHint() const { return layout()->sizeHint(); }

void StartButton::refresh() { mark_->setPixmap(theme_.icon(icon_, theme_.theme().accent).pixmap(icon_size, icon_size)); }

}  // namespace conclave::desktop
