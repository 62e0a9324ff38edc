#include "app/desktop/widgets/find_bar.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QRegularExpressionValidator>
#include <QShortcut>
#include <QToolButton>
#include <limits>

#include "app/desktop/text.h"
#include "app/desktop/widgets/query_toggle.h"
#include "app/desktop/widgets/tool_button.h"

namespace conclave::desktop {

namespace {

constexpr int typing_pause_ms = 200;

QHBoxLayout* strip(QFrame* frame) {
  auto* layout = new QHBoxLayout(frame);
  layout->setContentsMargins(12, 6, 12, 6);
  frame->hide();
  return layout;
}

// Escape in a strip closes it, also where the window has a use for that key.
bool isEscape(QEvent* event) {
  if (event->type() != QEvent::ShortcutOverride && event->type() != QEvent::KeyPress) return false;
  return static_cast<QKeyEvent*>(event)->key() == Qt::Key_Escape;
}

}  // namespace

FindBar::FindBar(QWidget& page, const QString& what, const ThemeController& theme)
    : theme_(theme),
      text_(new QLineEdit),
      expression_(toolButton(QStringLiteral(".*"), tr("Regular expression"), true)),
      caseMatters_(toolButton(QStringLiteral("Aa"), tr("Match case"), true)),
      previous_(toolButton(tr("Previous"), tr("Previous match (Shift+F3)"), false)),
      next_(toolButton(tr("Next"), tr("Next match (F3)"), false)),
      close_(toolButton(tr("Close"), tr("Close (Escape)"), false)),
      status_(new QLabel),
      strip_(strip(this)) {
  setObjectName(QStringLiteral("find"));
  page.installEventFilter(this);
  for (const bool forward : {true, false}) {
    auto* keys = new QShortcut(forward ? QKeySequence::FindNext : QKeySequence::FindPrevious, &page);
    keys->setContext(Qt::WidgetWithChildrenShortcut);
    connect(keys, &QShortcut::activated, this, [this, forward] { Q_EMIT nextRequested(forward); });
  }
  text_->setPlaceholderText(what);
  text_->setAccessibleName(what);
  text_->setClearButtonEnabled(true);
  text_->setMinimumWidth(280);
  text_->installEventFilter(this);
  expression_->setObjectName(QStringLiteral("expression"));
  status_->setTextFormat(Qt::PlainText);
  strip_->addWidget(text_);
  for (auto* button : {expression_, caseMatters_, previous_, next_}) strip_->addWidget(button);
  strip_->addWidget(status_, 1);
  strip_->addWidget(close_);
  pause_.setSingleShot(true);
  pause_.setInterval(typing_pause_ms);
  connect(&pause_, &QTimer::timeout, this, &FindBar::announce);
  connect(text_, &QLineEdit::textChanged, &pause_, qOverload<>(&QTimer::start));
  connect(expression_, &QToolButton::toggled, this, &FindBar::announce);
  connect(caseMatters_, &QToolButton::toggled, this, &FindBar::announce);
  connect(previous_, &QToolButton::clicked, this, [this] { Q_EMIT nextRequested(false); });
  connect(next_, &QToolButton::clicked, this, [this] { Q_EMIT nextRequested(true); });
  connect(close_, &QToolButton::clicked, this, &FindBar::close);
}

void FindBar::takeQueries() {
  query_ = new QueryToggle(*text_, {expression_, caseMatters_});
  strip_->insertWidget(strip_->indexOf(previous_), query_);
  connect(query_, &QToolButton::toggled, &pause_, qOverload<>(&QTimer::start));
}

void FindBar::addButton(QToolButton* button) { strip_->insertWidget(strip_->indexOf(status_), button); }

void FindBar::open(const QString& text) {
  setVisible(true);
  if (!text.isEmpty()) {
    expression_->setChecked(false);
    text_->setText(text);
  }
  text_->selectAll();
  text_->setFocus(Qt::ShortcutFocusReason);
  announce();
}

void FindBar::close() {
  pause_.stop();
  setVisible(false);
  Q_EMIT searchChanged(nullptr);
  Q_EMIT closed();
}

void FindBar::say(const QString& text, bool isBad) {
  status_->setText(text);
  isBad_ = isBad;
  applyTheme();
}

QString FindBar::status() const { return status_->text(); }

QString FindBar::text() const { return text_->text(); }

void FindBar::applyTheme() {
  QPalette palette = status_->palette();
  palette.setColor(QPalette::WindowText, isBad_ ? theme_.theme().bad : theme_.theme().muted);
  status_->setPalette(palette);
}

void FindBar::announce() {
  pause_.stop();
  if (text_->text().isEmpty()) {
    say({});
    return Q_EMIT searchChanged(nullptr);
  }
  const bool isQuery = query_ && query_->isChecked();
  const auto matcher = isQuery ? LineMatcher::makeQuery(text_->text())
                               : LineMatcher::make(text_->text(), expression_->isChecked(), caseMatters_->isChecked());
  if (!matcher) {
    Q_EMIT searchChanged(nullptr);
    return say(qtText(matcher.error().text()), true);
  }
  say({});
  Q_EMIT searchChanged(*matcher);
}

// Of the text field, and of the page: keys that nothing on it wanted.
bool FindBar::eventFilter(QObject* watched, QEvent* event) {
  if (isVisible() && isEscape(event)) {
    event->accept();
    if (event->type() == QEvent::KeyPress) close();
    return true;
  }
  if (watched == text_ && event->type() == QEvent::KeyPress) {
    const auto* key = static_cast<QKeyEvent*>(event);
    if (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) {
      if (pause_.isActive()) {
        announce();
      } else {
        Q_EMIT nextRequested(!(key->modifiers() & Qt::ShiftModifier));
      }
      return true;
    }
  }
  return QFrame::eventFilter(watched, event);
}

LineBar::LineBar(QWidget* parent) : QFrame(parent), number_(new QLineEdit), hint_(new QLabel) {
  number_->setValidator(new QRegularExpressionValidator(QRegularExpression(QStringLiteral("[0-9][0-9 ,.']{0,24}")), number_));
  number_->setAccessibleName(tr("Line number"));
  number_->setMaximumWidth(160);
  number_->installEventFilter(this);
  hint_->setObjectName(QStringLiteral("muted"));
  auto* layout = strip(this);
  layout->addWidget(new QLabel(tr("Go to line")));
  layout->addWidget(number_);
  layout->addWidget(hint_, 1);
  connect(number_, &QLineEdit::returnPressed, this, [this] {
    QString digits = number_->text();
    digits.remove(QRegularExpression(QStringLiteral("[^0-9]")));
    bool fits = false;
    const quint64 line = digits.toULongLong(&fits);
    setVisible(false);
    Q_EMIT closed();
    Q_EMIT lineRequested(fits ? line : std::numeric_limits<quint64>::max());
  });
}

void LineBar::open(quint64 lines) {
  hint_->setText(tr("1 to %1").arg(countText(lines)));
  setVisible(true);
  number_->selectAll();
  number_->setFocus(Qt::ShortcutFocusReason);
}

bool LineBar::eventFilter(QObject* watched, QEvent* event) {
  if (!isEscape(event)) return QFrame::eventFilter(watched, event);
  event->accept();
  if (event->type() == QEvent::KeyPress) {
    setVisible(false);
    Q_EMIT closed();
  }
  return true;
}

}  // namespace conclave::desktop
