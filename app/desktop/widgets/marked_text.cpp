#include "app/desktop/widgets/marked_text.h"

#include <QHelpEvent>
#include <QPainter>
#include <QScrollBar>
#include <QTextBlock>
#include <QToolTip>
#include <algorithm>

#include "app/desktop/text.h"
#include "app/desktop/widgets/dot_delegate.h"

namespace conclave::desktop {

namespace {
constexpr int mark_size = 8;
constexpr int gap = 6;
}  // namespace

class MarkedText::Gutter : public QWidget {
 public:
  explicit Gutter(MarkedText* text) : QWidget(text), text_(text) {}

 protected:
  void paintEvent(QPaintEvent* event) override { text_->paintGutter(event); }
  void mousePressEvent(QMouseEvent* event) override { text_->goToLine(text_->lineAt(event->pos().y())); }
  bool event(QEvent* event) override {
    if (event->type() == QEvent::ToolTip) {
      const auto* help = static_cast<QHelpEvent*>(event);
      QToolTip::showText(help->globalPos(), text_->problemsOf(text_->lineAt(help->pos().y())), this);
      return true;
    }
    return QWidget::event(event);
  }

 private:
  MarkedText* text_;
};

MarkedText::MarkedText(const ThemeController& theme, QWidget* parent)
    : QPlainTextEdit(parent), theme_(theme), gutter_(new Gutter(this)) {
  setReadOnly(true);
  setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  setLineWrapMode(NoWrap);
  QFont fixed(QStringLiteral("monospace"));
  fixed.setStyleHint(QFont::Monospace);
  setFont(fixed);
  setAccessibleName(tr("Text of the file"));
  connect(this, &QPlainTextEdit::blockCountChanged, this, &MarkedText::layOut);
  connect(this, &QPlainTextEdit::cursorPositionChanged, this, &MarkedText::paintMarks);
  connect(this, &QPlainTextEdit::updateRequest, this, [this](const QRect& area, int dy) {
    if (dy != 0) return gutter_->scroll(0, dy);
    gutter_->update(0, area.y(), gutter_->width(), area.height());
  });
  connect(&theme, &ThemeController::changed, this, &MarkedText::paintMarks);
  layOut();
}

void MarkedText::showText(const QString& text) {
  const int line = currentLine();
  const int lines = blockCount();
  const int scrolled = verticalScrollBar()->value();
  setPlainText(text);
  if (blockCount() == lines) {
    goToLine(line);
    verticalScrollBar()->setValue(scrolled);
  }
  paintMarks();
}

void MarkedText::mark(const std::vector<config::Problem>& problems) {
  marks_.clear();
  for (const auto& problem : problems) {
    if (problem.location.line < 1) continue;
    auto& mark = marks_.try_emplace(problem.location.line, Mark{problem.severity, {}}).first->second;
    mark.worst = std::max(mark.worst, problem.severity);
    QString text = QStringLiteral("%1: %2").arg(qtText(config::severity_name(problem.severity)), qtText(problem.message));
    if (!problem.fix.empty()) text += QLatin1Char('\n') + qtText(problem.fix);
    mark.texts << text;
  }
  paintMarks();
}

QString MarkedText::problemsOf(int line) const {
  const auto found = marks_.find(line);
  return found == marks_.end() ? QString() : found->second.texts.join(QLatin1String("\n\n"));
}

void MarkedText::goToLine(int line) {
  setTextCursor(QTextCursor(document()->findBlockByNumber(std::clamp(line, 1, blockCount()) - 1)));
  centerCursor();
  centresWhenShown_ = !isVisible();
}

void MarkedText::showEvent(QShowEvent* event) {
  QPlainTextEdit::showEvent(event);
  if (centresWhenShown_) centerCursor();
  centresWhenShown_ = false;
}

int MarkedText::currentLine() const { return textCursor().blockNumber() + 1; }

int MarkedText::lineAt(int y) const { return cursorForPosition({0, y}).blockNumber() + 1; }

void MarkedText::paintMarks() {
  QList<QTextEdit::ExtraSelection> selections;
  const auto add = [&](int line, const QColor& colour) {
    const QTextBlock block = document()->findBlockByNumber(line - 1);
    if (!block.isValid()) return;
    QTextEdit::ExtraSelection selection;
    selection.cursor = QTextCursor(block);
    selection.format.setBackground(colour);
    selection.format.setProperty(QTextFormat::FullWidthSelection, true);
    selections << selection;
  };
  const Theme& theme = theme_.theme();
  for (const auto& [line, mark] : marks_) add(line, theme.tint(theme.severity(mark.worst), 0.16));
  // The line one is on is tinted more strongly, whatever its colour.
  const auto here = marks_.find(currentLine());
  add(currentLine(),
      here == marks_.end() ? theme.tint(theme.accent, 0.14) : theme.tint(theme.severity(here->second.worst), 0.30));
  setExtraSelections(selections);
  gutter_->update();
}

int MarkedText::gutterWidth() const {
  const int digits = std::max(3, static_cast<int>(QString::number(blockCount()).size()));
  return gap + mark_size + gap + fontMetrics().horizontalAdvance(QLatin1Char('9')) * digits + gap;
}

void MarkedText::layOut() {
  setViewportMargins(gutterWidth() + gap, 0, 0, 0);
  const QRect inside = contentsRect();
  gutter_->setGeometry(inside.left(), inside.top(), gutterWidth(), inside.height());
}

void MarkedText::resizeEvent(QResizeEvent* event) {
  QPlainTextEdit::resizeEvent(event);
  layOut();
}

void MarkedText::paintGutter(QPaintEvent* event) {
  QPainter painter(gutter_);
  const Theme& theme = theme_.theme();
  painter.fillRect(event->rect(), theme.raised);
  painter.setPen(theme.border);
  painter.drawLine(gutter_->width() - 1, event->rect().top(), gutter_->width() - 1, event->rect().bottom());
  painter.setFont(font());
  QTextBlock block = firstVisibleBlock();
  qreal top = blockBoundingGeometry(block).translated(contentOffset()).top();
  for (; block.isValid() && top <= event->rect().bottom(); block = block.next()) {
    const int line = block.blockNumber() + 1;
    const qreal height = blockBoundingRect(block).height();
    const auto mark = marks_.find(line);
    painter.setPen(mark != marks_.end() ? theme.severity(mark->second.worst) : line == currentLine() ? theme.text : theme.muted);
    painter.drawText(QRectF(0, top, gutter_->width() - gap, height), Qt::AlignRight | Qt::AlignVCenter, QString::number(line));
    if (mark != marks_.end()) {
      painter.drawPixmap(QPointF(gap, top + (height - mark_size) / 2),
                         dot(theme.severity(mark->second.worst), mark_size, devicePixelRatioF()));
    }
    top += height;
  }
}

bool MarkedText::viewportEvent(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QPlainTextEdit::viewportEvent(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  QToolTip::showText(help->globalPos(), problemsOf(lineAt(help->pos().y())), viewport());
  return true;
}

}  // namespace conclave::desktop
