#include "app/desktop/widgets/filter_bar.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QSettings>
#include <QSpinBox>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>

#include "app/desktop/text.h"
#include "app/desktop/widgets/flow_layout.h"
#include "app/desktop/widgets/log_view_layout.h"
#include "app/desktop/widgets/query_toggle.h"
#include "app/desktop/widgets/tool_button.h"

namespace conclave::desktop {

namespace {

constexpr auto around_key = "logs/filter_context";
constexpr int most_around = 1000;

QString ruleText(const LineRule& rule) {
  if (rule.isQuery) {
    return rule.hides ? FilterBar::tr("hide where  %1").arg(menuText(rule.text))
                      : FilterBar::tr("show where  %1").arg(menuText(rule.text));
  }
  const QString quoted = rule.isExpression ? QStringLiteral("/%1/").arg(menuText(rule.text)) : menuText(rule.text);
  return rule.hides ? FilterBar::tr("hide  %1").arg(quoted) : FilterBar::tr("show  %1").arg(quoted);
}

}  // namespace

FilterBar::FilterBar(QWidget* parent)
    : QFrame(parent),
      theme_(Theme::light()),
      kind_(new QComboBox),
      text_(new QLineEdit),
      expression_(toolButton(QStringLiteral(".*"), tr("Regular expression"), true)),
      caseMatters_(toolButton(QStringLiteral("Aa"), tr("Match case"), true)),
      query_(new QueryToggle(*text_, {expression_, caseMatters_})),
      around_(new QSpinBox),
      undo_(toolButton(tr("Undo"), tr("Undo the last change of what is shown (Ctrl+Z)"))),
      redo_(toolButton(tr("Redo"), tr("Do it again (Ctrl+Shift+Z)"))),
      all_(toolButton(tr("Show all"), tr("Show every line again"))),
      problem_(new QLabel),
      chips_(new QWidget),
      flow_(new FlowLayout(chips_)) {
  setObjectName(QStringLiteral("filter"));
  text_->setObjectName(QStringLiteral("text"));
  all_->setObjectName(QStringLiteral("all"));
  kind_->addItem(tr("Show only"));
  kind_->addItem(tr("Hide"));
  kind_->setAccessibleName(tr("What becomes of lines with this text"));
  text_->setPlaceholderText(tr("Lines with ..., or a query such as level>=error"));
  text_->setAccessibleName(tr("Text of the lines"));
  text_->setToolTip(tr("Enter adds it; Escape closes"));
  text_->setMinimumWidth(280);
  text_->installEventFilter(this);
  around_->setRange(0, most_around);
  around_->setPrefix(QStringLiteral("± "));
  around_->setAccessibleName(tr("Lines around each"));
  around_->setToolTip(tr("So many lines before and after each line are shown, too"));
  around_->setValue(QSettings().value(QLatin1String(around_key)).toInt());
  problem_->setTextFormat(Qt::PlainText);
  problem_->setWordWrap(true);
  problem_->hide();
  flow_->setContentsMargins(0, 0, 0, 0);
  flow_->setSpacing(6);
  auto* controls = new QWidget;
  auto* rows = new FlowLayout(controls);  // two panes side by side leave little room
  rows->setContentsMargins(0, 0, 0, 0);
  rows->setSpacing(8);
  const auto together = [&](const std::vector<QWidget*>& widgets) {
    auto* group = new QWidget;
    auto* row = new QHBoxLayout(group);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(6);
    for (auto* widget : widgets) row->addWidget(widget);
    rows->addWidget(group);
  };
  together({kind_, text_, expression_, caseMatters_, query_});
  together({around_});
  together({undo_, redo_, all_});
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(12, 0, 12, 6);
  column->setSpacing(6);
  column->addWidget(controls);
  column->addWidget(problem_);
  column->addWidget(chips_);
  hide();

  connect(text_, &QLineEdit::textChanged, problem_, &QWidget::hide);
  connect(around_, &QSpinBox::valueChanged, this, [this](int value) {
    QSettings().setValue(QLatin1String(around_key), value);
    if (filter_.rules.empty() && filter_.isEmpty()) return;
    LineFilter filter = filter_;
    filter.around = static_cast<quint64>(value);
    Q_EMIT edited(filter);
  });
  connect(undo_, &QToolButton::clicked, this, &FilterBar::undoRequested);
  connect(redo_, &QToolButton::clicked, this, &FilterBar::redoRequested);
  connect(all_, &QToolButton::clicked, this, [this] { Q_EMIT edited({}); });
  rebuild();
}

void FilterBar::open(bool hides) {
  isOpen_ = true;
  setVisible(true);
  kind_->setCurrentIndex(hides ? 1 : 0);
  text_->selectAll();
  text_->setFocus(Qt::ShortcutFocusReason);
}

void FilterBar::close() {
  isOpen_ = false;
  problem_->hide();
  setVisible(!filter_.rules.empty());
  Q_EMIT closed();
}

void FilterBar::show(const LineFilter& filter, bool canUndo, bool canRedo) {
  undo_->setEnabled(canUndo);
  redo_->setEnabled(canRedo);
  all_->setEnabled(!filter.isEmpty() || !filter.rules.empty());
  const bool changed = filter.rules != filter_.rules;
  filter_ = filter;
  if (!filter.isEmpty()) {
    const QSignalBlocker quiet(around_);
    around_->setValue(static_cast<int>(filter.around));
  }
  if (changed) rebuild();
  setVisible(isOpen_ || !filter_.rules.empty());
}

void FilterBar::addRule(const LineRule& rule) {
  LineFilter filter = filter_;
  const auto same = std::ranges::find_if(filter.rules, [&](const LineRule& each) {
    return each.text == rule.text && each.isExpression == rule.isExpression && each.caseMatters == rule.caseMatters &&
           each.isQuery == rule.isQuery;
  });
  if (same == filter.rules.end()) {
    filter.rules.push_back(rule);
  } else {
    *same = rule;
  }
  if (filter_.isEmpty()) filter.around = static_cast<quint64>(around_->value());
  Q_EMIT edited(filter);
}

LineRule FilterBar::typed() const {
  LineRule rule{text_->text()};
  rule.isQuery = query_->isChecked();
  rule.isExpression = expression_->isChecked() && !rule.isQuery;
  rule.caseMatters = caseMatters_->isChecked() && !rule.isQuery;
  rule.hides = kind_->currentIndex() == 1;
  return rule;
}

void FilterBar::enter() {
  if (text_->text().isEmpty()) return;
  const LineRule rule = typed();
  if (const auto matcher = matcherOf(rule); !matcher) {
    problem_->setText(qtText(matcher.error().text()));
    problem_->show();
    return;
  }
  text_->clear();
  addRule(rule);
}

QString FilterBar::problem() const { return problem_->isHidden() ? QString() : problem_->text(); }

QWidget* FilterBar::chip(std::size_t index) {
  const LineRule& rule = filter_.rules[index];
  auto* chip = new QFrame;
  chip->setObjectName(QStringLiteral("chip"));
  const QColor colour = !rule.isOn ? theme_.muted : rule.hides ? theme_.fair : theme_.accent;
  chip->setStyleSheet(QStringLiteral("QFrame#chip { background: %1; border: 1px solid %2; border-radius: 11px; }"
                                     "QToolButton { border: none; background: transparent; color: %3; padding: 2px 4px; }"
                                     "QToolButton:hover, QToolButton:focus { color: %4; text-decoration: underline; }")
                          .arg(theme_.tint(colour, rule.isOn ? 0.16 : 0.05).name(), theme_.tint(colour, 0.5).name(),
                               rule.isOn ? theme_.text.name() : theme_.muted.name(), theme_.text.name()));
  auto* row = new QHBoxLayout(chip);
  row->setContentsMargins(8, 0, 4, 0);
  row->setSpacing(0);
  const QString words = ruleText(rule);
  auto* text = toolButton(words, rule.isOn ? tr("%1\nClick to switch it off for now").arg(rule.text)
                                           : tr("%1\nIs off; click to switch it on").arg(rule.text));
  text->setAccessibleName(words);
  text->setFocusPolicy(Qt::StrongFocus);
  if (!rule.isOn) {
    QFont font = text->font();
    font.setStrikeOut(true);
    text->setFont(font);
  }
  auto* remove = toolButton(QStringLiteral("×"), tr("Remove: %1").arg(words));
  remove->setFocusPolicy(Qt::StrongFocus);
  row->addWidget(text);
  row->addWidget(remove);
  connect(text, &QToolButton::clicked, this, [this, index] {
    LineFilter filter = filter_;
    filter.rules.at(index).isOn = !filter.rules.at(index).isOn;
    Q_EMIT edited(filter);
  });
  connect(remove, &QToolButton::clicked, this, [this, index] {
    LineFilter filter = filter_;
    filter.rules.erase(filter.rules.begin() + static_cast<std::ptrdiff_t>(index));
    Q_EMIT edited(filter);
  });
  return chip;
}

// A chip that was clicked is among those that go: they go when it is done.
void FilterBar::rebuild() {
  while (auto* item = flow_->takeAt(0)) {
    item->widget()->hide();
    item->widget()->deleteLater();
    delete item;
  }
  for (std::size_t index = 0; index < filter_.rules.size(); ++index) flow_->addWidget(chip(index));
  chips_->setVisible(!filter_.rules.empty());
}

void FilterBar::applyTheme(const Theme& theme) {
  theme_ = theme;
  QPalette palette = problem_->palette();
  palette.setColor(QPalette::WindowText, theme.bad);
  problem_->setPalette(palette);
  rebuild();
}

bool FilterBar::eventFilter(QObject* watched, QEvent* event) {
  const auto type = event->type();
  if (watched != text_ || (type != QEvent::KeyPress && type != QEvent::ShortcutOverride))
    return QFrame::eventFilter(watched, event);
  const int key = static_cast<QKeyEvent*>(event)->key();
  if (key == Qt::Key_Escape) {
    event->accept();
    if (type == QEvent::KeyPress) close();
    return true;
  }
  if (type == QEvent::KeyPress && (key == Qt::Key_Return || key == Qt::Key_Enter)) {
    enter();
    return true;
  }
  return QFrame::eventFilter(watched, event);
}

}  // namespace conclave::desktop
