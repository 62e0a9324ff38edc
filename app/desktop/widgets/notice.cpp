#include "app/desktop/widgets/notice.h"

#include <QFontDatabase>
#include <QHBoxLayout>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <algorithm>

namespace conclave::desktop {

namespace {
constexpr qsizetype longest_line = 300;
constexpr int most_rows = 12;
}  // namespace

Notice::Notice(const QString& action, QWidget* parent)
    : QFrame(parent), row_(new QHBoxLayout), line_(new QLabel), unfold_(new QPushButton), details_(new QPlainTextEdit) {
  setObjectName(QStringLiteral("notice"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(16, 6, 16, 6);
  line_->setTextFormat(Qt::PlainText);
  line_->setWordWrap(true);
  line_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  row_->addWidget(line_, 1);
  unfold_->setObjectName(QStringLiteral("unfold"));
  unfold_->setCheckable(true);
  row_->addWidget(unfold_);
  if (!action.isEmpty()) {
    auto* button = new QPushButton(action);
    button->setObjectName(QStringLiteral("act"));
    row_->addWidget(button);
    connect(button, &QPushButton::clicked, this, &Notice::acted);
  }
  column->addLayout(row_);
  details_->setReadOnly(true);
  details_->setLineWrapMode(QPlainTextEdit::NoWrap);
  details_->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  details_->setAccessibleName(tr("Details"));
  column->addWidget(details_);
  connect(unfold_, &QPushButton::toggled, this, &Notice::unfold);
  hide();
}

QPushButton* Notice::addButton(const QString& text) {
  auto* button = new QPushButton(text);
  row_->insertWidget(1, button);
  return button;
}

void Notice::say(const QString& text) {
  if (text == whole_) return;  // what the user unfolded stays so
  whole_ = text;
  const QString first = text.section(QLatin1Char('\n'), 0, 0);
  line_->setText(first.size() > longest_line ? first.left(longest_line) + QStringLiteral(" ...") : first);
  details_->setPlainText(text);
  const int rows = std::min(most_rows, details_->blockCount() + 1);
  details_->setFixedHeight(rows * details_->fontMetrics().lineSpacing() +
                           2 * static_cast<int>(details_->document()->documentMargin()));
  unfold_->setVisible(line_->text() != text);
  unfold_->setChecked(false);
  unfold(false);
  setVisible(!text.isEmpty());
}

void Notice::unfold(bool open) {
  unfold_->setText(open ? tr("Hide details") : tr("Details"));
  details_->setVisible(open);
}

}  // namespace conclave::desktop
