#include "app/desktop/widgets/stack_dialog.h"

#include <QCheckBox>
#include <QDialogButtonBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>
#include <utility>

#include "app/desktop/text.h"
#include "app/desktop/widgets/card.h"
#include "app/desktop/widgets/linked_text.h"

namespace conclave::desktop {

namespace {
constexpr int look_interval_ms = 1000;
}  // namespace

StackDialog::StackDialog(Scripts& scripts, const ThemeController& theme, const scripting::RunningScript& script, QWidget* parent)
    : QDialog(parent),
      scripts_(scripts),
      theme_(theme),
      id_(script.id),
      state_(plainLabel({}, QStringLiteral("muted"))),
      text_(new LinkedText),
      live_(new QCheckBox(tr("Look again every &second"))) {
  setWindowTitle(tr("Stack of %1").arg(qtText(script.who)));
  resize(760, 380);
  text_->setAccessibleName(tr("Python stack, most recent call last"));
  live_->setChecked(true);
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close);
  auto* foot = new QHBoxLayout;
  foot->addWidget(live_);
  foot->addWidget(buttons, 1);
  auto* column = new QVBoxLayout(this);
  column->addWidget(
      plainLabel(tr("Where %1 is now, most recent call last. A place opens in your editor.").arg(qtText(script.who))));
  column->addWidget(text_, 1);
  column->addWidget(state_);
  column->addLayout(foot);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  connect(text_, &LinkedText::trouble, state_, &QLabel::setText);
  timer_.setInterval(look_interval_ms);
  connect(&timer_, &QTimer::timeout, this, &StackDialog::look);
  connect(live_, &QCheckBox::toggled, this, [this](bool live) { live ? timer_.start() : timer_.stop(); });
  timer_.start();
  look();
}

void StackDialog::look() {
  if (std::exchange(looking_, true)) return;  // a look may take a second
  scripts_.stack(id_, this, [this](const Result<std::string>& stack) {
    looking_ = false;
    showStack(stack);
  });
}

void StackDialog::showStack(const Result<std::string>& stack) {
  if (!stack) {
    if (stack.error().kind == ErrorKind::not_found) live_->setChecked(false);
    return state_->setText(stack.error().kind == ErrorKind::not_found ? tr("It has ended; this is where it was last seen.")
                                                                      : qtText(stack.error().text()));
  }
  const QString text = qtText(*stack);
  same_ = text == shown_ ? same_ + 1 : 0;
  state_->setText(same_ == 0 ? tr("Seen once.")
                             : tr("The same for %1.").arg(counted(static_cast<quint64>(same_) + 1, "look", "looks")));
  if (text == shown_) return;  // what the user selected stays so
  shown_ = text;
  text_->clear();
  text_->write(text, theme_.theme().text, theme_.theme().accent);
}

}  // namespace conclave::desktop
