#include "app/desktop/widgets/log_view.h"

#include <QEvent>
#include <QFontDatabase>
#include <QFontInfo>
#include <QScrollBar>
#include <QTimerEvent>
#include <algorithm>
#include <cmath>

#include "app/desktop/widgets/log_view_layout.h"

namespace conclave::desktop {

namespace {

constexpr quint64 most_bar_steps = 1'000'000'000;
constexpr int flash_ms = 120;

}  // namespace

LogView::LogView(QWidget* parent) : QAbstractScrollArea(parent), theme_(Theme::light()) {
  setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  setFocusPolicy(Qt::StrongFocus);
  setFrameShape(QFrame::NoFrame);
  setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOn);
  viewport()->setCursor(Qt::IBeamCursor);
  setAccessibleName(tr("Lines of the log"));
  measureFont();
}

void LogView::measureFont() {
  const QFontMetricsF metrics(font());
  rowHeight_ = static_cast<int>(std::ceil(metrics.height())) + 2;
  cell_ = metrics.horizontalAdvance(QString(64, QLatin1Char('0'))) / 64;
  isFixed_ = QFontInfo(font()).fixedPitch();
}

void LogView::setText(const LogText& text) {
  text_ = text;
  shown_ = nullptr;
  top_ = 0;
  widest_ = 0;
  flashing_ = 0;
  anchor_ = current_ = {};
  refreshBars();
  horizontalScrollBar()->setValue(0);
  viewport()->update();
}

void LogView::extendText(const LogText& text) {
  text_ = text;
  refreshBars();
  viewport()->update();
}

void LogView::setShown(const LineSetPtr& lines) {
  if (lines == shown_) return;
  const bool inSight = current_.line && rowOf(current_.line) >= top_ && rowOf(current_.line) < top_ + rowsOnScreen();
  const quint64 held = inSight ? current_.line : topLine();
  const quint64 below = inSight ? rowOf(held) - top_ : 0;
  shown_ = lines;
  const bool isBehindAll = shown_ && held > shown_->at(shown_->count() - 1);
  const quint64 row = isBehindAll ? 0 : rowOf(held);
  top_ = row > below ? row - below : 0;
  refreshBars();
  viewport()->update();
}

void LogView::setSearch(const MatcherPtr& search) {
  search_ = search;
  viewport()->update();
}

void LogView::setShowsGaps(bool shows) {
  showsGaps_ = shows;
  viewport()->update();
}

void LogView::setHighlights(const HighlightMarks& marks) {
  highlights_ = marks;
  viewport()->update();
}

void LogView::setBookmarks(std::vector<quint64> lines) {
  bookmarks_ = std::move(lines);
  viewport()->update();
}

void LogView::setTheme(const Theme& theme) {
  theme_ = theme;
  viewport()->update();
}

quint64 LogView::rowCount() const { return shown_ ? shown_->count() : text_.lineCount(); }

quint64 LogView::lineAt(quint64 row) const {
  if (shown_) return shown_->at(row);
  return row < text_.lineCount() ? row + 1 : 0;
}

quint64 LogView::rowOf(quint64 line) const {
  if (line == 0) return 0;
  const quint64 rows = rowCount();
  return std::min(shown_ ? shown_->countBefore(line) : line - 1, rows ? rows - 1 : 0);
}

quint64 LogView::bottomLine() const {
  const quint64 rows = rowCount();
  return rows ? lineAt(std::min(top_ + rowsOnScreen(), rows) - 1) : 0;
}

bool LogView::isAtEnd() const { return top_ + rowsOnScreen() >= rowCount(); }

quint64 LogView::rowsOnScreen() const { return static_cast<quint64>(std::max(1, viewport()->height() / rowHeight_)); }

int LogView::gutterWidth() const {
  const auto digits = std::max<qsizetype>(4, QString::number(text_.lineCount()).size());
  return mark_margin + static_cast<int>(std::ceil(static_cast<double>(digits) * cell_)) + 2 * side_margin + level_stripe;
}

double LogView::xOf(const LineText& text, int column) const {
  if (isFixed_ && text.isAscii) return column * cell_;
  return QFontMetricsF(font()).horizontalAdvance(text.text.left(column));
}

LogView::Spot LogView::spotAt(const QPoint& position) const {
  if (rowCount() == 0) return {};
  const auto below = static_cast<qint64>(std::floor(static_cast<double>(position.y()) / rowHeight_));
  const qint64 row = std::clamp<qint64>(static_cast<qint64>(top_) + below, 0, static_cast<qint64>(rowCount()) - 1);
  Spot spot{lineAt(static_cast<quint64>(row)), 0};
  const LineText text = textOf(spot.line);
  const double x = position.x() - gutterWidth() - side_margin + horizontalScrollBar()->value();
  if (isFixed_ && text.isAscii) {
    spot.column = std::clamp(static_cast<int>(std::lround(x / cell_)), 0, static_cast<int>(text.text.size()));
    return spot;
  }
  int low = 0;
  int high = static_cast<int>(text.text.size());
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if ((xOf(text, middle - 1) + xOf(text, middle)) / 2 <= x) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  spot.column = low;
  return spot;
}

void LogView::refreshBars() {
  const quint64 rows = rowCount();
  const quint64 screen = rowsOnScreen();
  const quint64 last = rows > screen ? rows - screen : 0;
  step_ = last / most_bar_steps + 1;
  top_ = std::min(top_, last);
  settingBar_ = true;
  verticalScrollBar()->setRange(0, static_cast<int>((last + step_ - 1) / step_));
  verticalScrollBar()->setPageStep(static_cast<int>(std::max<quint64>(1, screen / step_)));
  verticalScrollBar()->setValue(static_cast<int>(top_ / step_));
  settingBar_ = false;
  const int width = viewport()->width() - gutterWidth() - 2 * side_margin;
  horizontalScrollBar()->setRange(0, std::max(0, static_cast<int>(std::ceil(widest_)) - width));
  horizontalScrollBar()->setPageStep(std::max(1, width));
  horizontalScrollBar()->setSingleStep(static_cast<int>(std::ceil(cell_ * 4)));
  Q_EMIT scrolled();
}

void LogView::scrollTo(quint64 top) {
  const quint64 rows = rowCount();
  top_ = std::min(top, rows > rowsOnScreen() ? rows - rowsOnScreen() : 0);
  settingBar_ = true;
  verticalScrollBar()->setValue(static_cast<int>(top_ / step_));
  settingBar_ = false;
  viewport()->update();
  Q_EMIT scrolled();
}

void LogView::scrollToEnd() { scrollTo(rowCount()); }

void LogView::scrollToMiddle(quint64 line) {
  const quint64 row = rowOf(line);
  const quint64 half = rowsOnScreen() / 2;
  scrollTo(row > half ? row - half : 0);
}

void LogView::scrollContentsBy(int, int) {
  if (header_) header_->update();
  if (!settingBar_) {
    const auto value = static_cast<quint64>(verticalScrollBar()->value());
    if (top_ / step_ != value) top_ = value * step_;
    const quint64 rows = rowCount();
    top_ = std::min(top_, rows > rowsOnScreen() ? rows - rowsOnScreen() : 0);
    Q_EMIT scrolled();
  }
  viewport()->update();
}

void LogView::resizeEvent(QResizeEvent* event) {
  QAbstractScrollArea::resizeEvent(event);
  placeHeader();
  refreshBars();
}

void LogView::changeEvent(QEvent* event) {
  QAbstractScrollArea::changeEvent(event);
  if (event->type() != QEvent::FontChange) return;
  measureFont();
  placeHeader();
  refreshBars();
}

void LogView::goToLine(quint64 line, bool flash) {
  if (rowCount() == 0) return;
  const quint64 row = rowOf(line);
  const Spot spot{lineAt(row), 0};
  const quint64 screen = rowsOnScreen();
  if (row < top_ || row + 1 >= top_ + screen) scrollTo(row > screen / 3 ? row - screen / 3 : 0);
  select(spot, spot);
  if (!flash) return;
  flashing_ = spot.line;
  flashesLeft_ = flash_steps;
  flash_.start(flash_ms, this);
}

void LogView::timerEvent(QTimerEvent* event) {
  if (event->timerId() == flash_.timerId()) {
    if (--flashesLeft_ <= 0) {
      flash_.stop();
      flashing_ = 0;
    }
    viewport()->update();
  } else if (event->timerId() == drag_.timerId()) {
    if (dragAt_.y() < 0) {
      scrollTo(top_ ? top_ - 1 : 0);
    } else {
      scrollTo(top_ + 1);
    }
    select(anchor_, spotAt(dragAt_));
  } else {
    QAbstractScrollArea::timerEvent(event);
  }
}

}  // namespace conclave::desktop
