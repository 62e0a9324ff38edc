// Keys, mouse and clipboard of the log view; what it paints is in log_view.cpp.
#include "app/desktop/widgets/log_view.h"

#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QMenu>
#include <QScrollBar>
#include <algorithm>
#include <utility>

#include "app/desktop/text.h"
#include "app/desktop/widgets/log_view_layout.h"

namespace conclave::desktop {

namespace {

constexpr quint64 most_copied_bytes = quint64{64} << 20U;
constexpr quint64 most_copied_lines = 2'000'000;
constexpr int wheel_lines = 3;
constexpr int drag_ms = 40;

bool isWordCharacter(QChar c) { return !c.isSpace() && !QStringLiteral("\"'`,;()[]{}<>=|").contains(c); }

// [begin, end) of the word around a column.
std::pair<int, int> wordAt(const QString& text, int column) {
  int begin = std::min(column, static_cast<int>(text.size()));
  int end = begin;
  while (begin > 0 && isWordCharacter(text[begin - 1])) --begin;
  while (end < text.size() && isWordCharacter(text[end])) ++end;
  return {begin, end};
}

}  // namespace

void LogView::select(const Spot& anchor, const Spot& current) {
  const bool moved = current.line != current_.line;
  anchor_ = anchor;
  current_ = current;
  viewport()->update();
  if (moved) Q_EMIT currentLineChanged(current_.line);
}

void LogView::moveTo(quint64 row, bool extend) {
  if (rowCount() == 0) return;
  row = std::min(row, rowCount() - 1);
  const quint64 screen = rowsOnScreen();
  if (row < top_) scrollTo(row);
  if (row >= top_ + screen) scrollTo(row - screen + 1);
  const Spot spot{lineAt(row), 0};
  select(extend && anchor_.line ? Spot{anchor_.line, 0} : spot, spot);
}

void LogView::keyPressEvent(QKeyEvent* event) {
  const bool extend = event->modifiers() & Qt::ShiftModifier;
  const quint64 row = rowOf(current_.line ? current_.line : topLine());
  const quint64 screen = std::max<quint64>(1, rowsOnScreen() - 1);
  auto* across = horizontalScrollBar();
  if (event->matches(QKeySequence::Copy)) return copy();
  if (event->key() == Qt::Key_C && event->modifiers() == (Qt::ControlModifier | Qt::ShiftModifier)) return copy(CopyAs::numbered);
  if (event->matches(QKeySequence::SelectAll)) {
    if (rowCount()) select({lineAt(0), 0}, {lineAt(rowCount() - 1), 0});
    return;
  }
  switch (event->key()) {
    case Qt::Key_Up:
      return moveTo(row ? row - 1 : 0, extend);
    case Qt::Key_Down:
      return moveTo(current_.line ? row + 1 : row, extend);
    case Qt::Key_PageUp:
      scrollTo(top_ > screen ? top_ - screen : 0);
      return moveTo(row > screen ? row - screen : 0, extend);
    case Qt::Key_PageDown:
      scrollTo(top_ + screen);
      return moveTo(row + screen, extend);
    case Qt::Key_Home:
      across->setValue(0);
      return moveTo(0, extend);
    case Qt::Key_End:
      return moveTo(rowCount() ? rowCount() - 1 : 0, extend);
    case Qt::Key_Left:
      return across->setValue(across->value() - across->singleStep());
    case Qt::Key_Right:
      return across->setValue(across->value() + across->singleStep());
    default:
      return event->ignore();  // not to the scroll area, which would move the bar but not the line
  }
}

void LogView::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton || rowCount() == 0) return;
  const Spot spot = spotAt(event->position().toPoint());
  if (event->position().x() < mark_margin) return Q_EMIT bookmarkClicked(spot.line);
  select(event->modifiers() & Qt::ShiftModifier && anchor_.line ? anchor_ : spot, spot);
  dragging_ = true;
}

void LogView::mouseMoveEvent(QMouseEvent* event) {
  if (!dragging_) return;
  dragAt_ = event->position().toPoint();
  select(anchor_, spotAt(dragAt_));
  const bool outside = dragAt_.y() < 0 || dragAt_.y() >= viewport()->height();
  if (outside && !drag_.isActive()) drag_.start(drag_ms, this);
  if (!outside) drag_.stop();
}

void LogView::mouseReleaseEvent(QMouseEvent*) {
  dragging_ = false;
  drag_.stop();
}

void LogView::mouseDoubleClickEvent(QMouseEvent* event) {
  if (event->position().x() < mark_margin) return mousePressEvent(event);
  const Spot spot = spotAt(event->position().toPoint());
  const auto [begin, end] = wordAt(textOf(spot.line).text, spot.column);
  select({spot.line, begin}, {spot.line, end});
}

void LogView::wheelEvent(QWheelEvent* event) {
  const QPoint turn = event->angleDelta();
  if (turn.x() != 0 || event->modifiers() & Qt::ShiftModifier) {
    horizontalScrollBar()->setValue(horizontalScrollBar()->value() - (turn.x() ? turn.x() : turn.y()));
    return event->accept();
  }
  wheelRest_ += turn.y() * wheel_lines;
  const int lines = wheelRest_ / 120;
  wheelRest_ -= lines * 120;
  if (lines > 0) {
    const auto up = static_cast<quint64>(lines);
    scrollTo(top_ > up ? top_ - up : 0);
  } else if (lines < 0) {
    scrollTo(top_ + static_cast<quint64>(-lines));
  }
  event->accept();
}

bool LogView::hasSelection() const { return anchor_ != current_; }

std::optional<QString> LogView::selectedText(CopyAs as) const {
  if (current_.line == 0) return QString();
  const auto [first, last] = std::minmax(anchor_.line, current_.line);
  if (first == last && anchor_.column != current_.column && as == CopyAs::text) {
    const auto [begin, end] = std::minmax(anchor_.column, current_.column);
    return textOf(first).text.mid(begin, end - begin);
  }
  quint64 bytes = 0;
  const quint64 lastRow = rowOf(last);
  if (lastRow - rowOf(first) >= most_copied_lines) return {};
  const auto digits = static_cast<int>(QString::number(last).size());
  QString copied;
  for (quint64 row = rowOf(first); row <= lastRow; ++row) {
    const quint64 line = lineAt(row);
    bytes += text_.lineBytes(line);
    if (bytes > most_copied_bytes) return {};
    if (row > rowOf(first)) copied += QLatin1Char('\n');
    if (as == CopyAs::placed) copied += QStringLiteral("%1:%2: ").arg(qtText(text_.bytes->name())).arg(line);
    if (as == CopyAs::numbered) copied += QStringLiteral("%1: ").arg(line, digits);
    copied += qtText(text_.letters(text_.line(line, most_copied_bytes)));
  }
  return copied.replace(QChar(QChar::Null), QChar(QChar::ReplacementCharacter));
}

void LogView::copy(CopyAs as) {
  const auto text = selectedText(as);
  if (!text)
    return Q_EMIT refused(tr("The selection is too large to copy: at most %1 and %2 lines.")
                              .arg(bytesText(most_copied_bytes), countText(most_copied_lines)));
  if (!text->isEmpty()) QApplication::clipboard()->setText(*text);
}

void LogView::contextMenuEvent(QContextMenuEvent* event) {
  if (rowCount() == 0) return;
  const Spot spot = spotAt(event->pos());
  const auto [low, high] = std::minmax(anchor_.line, current_.line);
  const bool keyboard = event->reason() == QContextMenuEvent::Keyboard;
  if (!keyboard && (spot.line < low || spot.line > high)) select(spot, spot);
  QMenu menu(this);
  const auto offer = [&](const QString& label, CopyAs as) {
    auto* action = menu.addAction(label);
    connect(action, &QAction::triggered, this, [this, as] { copy(as); });
    return action;
  };
  offer(tr("&Copy"), CopyAs::text)->setShortcut(QKeySequence::Copy);
  offer(tr("Copy with line &numbers"), CopyAs::numbered)->setShortcut(QKeySequence(tr("Ctrl+Shift+C")));
  offer(tr("Copy with &place"), CopyAs::placed);
  const QString word = keyboard && !hasSelection() ? QString() : wordInQuestion(spot.column);
  if (!word.isEmpty()) {
    menu.addSeparator();
    connect(menu.addAction(tr("&Find \"%1\"").arg(menuText(word))), &QAction::triggered, this,
            [this, word] { Q_EMIT findRequested(word); });
  }
  Q_EMIT menuRequested(&menu, word);
  menu.exec(event->globalPos());
}

QString LogView::wordInQuestion(std::optional<int> column) const {
  if (current_.line == 0 || anchor_.line != current_.line) return {};
  if (anchor_.column != current_.column) return selectedText().value_or(QString());
  const QString text = textOf(current_.line).text;
  const auto [begin, end] = wordAt(text, column.value_or(current_.column));
  return text.mid(begin, end - begin);
}

}  // namespace conclave::desktop
