#include "app/desktop/widgets/log_view.h"

#include <QEvent>
#include <QFontDatabase>
#include <QFontInfo>
#include <QPainter>
#include <QScrollBar>
#include <QTimerEvent>
#include <algorithm>
#include <cmath>

#include "app/desktop/text.h"
#include "engine/logs/level.h"
#include "engine/logs/timestamp.h"

namespace conclave::desktop {

namespace {

constexpr quint64 most_bar_steps = 1'000'000'000;
constexpr int side_margin = 8;
constexpr int level_stripe = 3;
constexpr int flash_ms = 120;
constexpr int flash_steps = 12;

}  // namespace

struct LogView::Row {
  quint64 line = 0;
  int y = 0;
  LineText text;
  int stampBegin = 0;
  int stampEnd = 0;
  logs::Level level = logs::Level::unknown;
  quint64 hiddenBytes = 0;
};

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

quint64 LogView::rowsOnScreen() const { return static_cast<quint64>(std::max(1, viewport()->height() / rowHeight_)); }

int LogView::gutterWidth() const {
  const auto digits = std::max<qsizetype>(4, QString::number(text_.lineCount()).size());
  return static_cast<int>(std::ceil(static_cast<double>(digits) * cell_)) + 2 * side_margin + level_stripe;
}

LineText LogView::textOf(quint64 line) const { return lineText(text_.line(line, most_shown_bytes)); }

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
}

void LogView::scrollTo(quint64 top) {
  const quint64 rows = rowCount();
  top_ = std::min(top, rows > rowsOnScreen() ? rows - rowsOnScreen() : 0);
  settingBar_ = true;
  verticalScrollBar()->setValue(static_cast<int>(top_ / step_));
  settingBar_ = false;
  viewport()->update();
}

void LogView::scrollContentsBy(int, int) {
  if (!settingBar_) {
    const auto value = static_cast<quint64>(verticalScrollBar()->value());
    if (top_ / step_ != value) top_ = value * step_;
    const quint64 rows = rowCount();
    top_ = std::min(top_, rows > rowsOnScreen() ? rows - rowsOnScreen() : 0);
  }
  viewport()->update();
}

void LogView::resizeEvent(QResizeEvent* event) {
  QAbstractScrollArea::resizeEvent(event);
  refreshBars();
}

void LogView::changeEvent(QEvent* event) {
  QAbstractScrollArea::changeEvent(event);
  if (event->type() != QEvent::FontChange) return;
  measureFont();
  refreshBars();
}

void LogView::paintEvent(QPaintEvent*) {
  QPainter painter(viewport());
  painter.fillRect(viewport()->rect(), theme_.base);
  painter.fillRect(0, 0, gutterWidth() - level_stripe, viewport()->height(), theme_.raised);
  if (!text_.bytes) return;
  const TimeUs now = now_us();
  const double widest = widest_;
  const quint64 rows = rowCount();
  for (quint64 row = top_; row < rows && static_cast<int>(row - top_) * rowHeight_ < viewport()->height(); ++row) {
    Row each;
    each.line = lineAt(row);
    each.y = static_cast<int>(row - top_) * rowHeight_;
    const std::string_view bytes = text_.line(each.line, most_shown_bytes);
    each.text = lineText(bytes);
    each.level = logs::level_of(bytes);
    if (const auto stamp = logs::locate_stamp(bytes, now); stamp && stamp->end <= each.text.plainPrefix) {
      each.stampBegin = static_cast<int>(stamp->begin);
      each.stampEnd = static_cast<int>(stamp->end);
    }
    if (bytes.size() == most_shown_bytes) each.hiddenBytes = text_.lineBytes(each.line) - bytes.size();
    paintRow(painter, each);
  }
  if (widest_ > widest) QMetaObject::invokeMethod(this, &LogView::refreshBars, Qt::QueuedConnection);
  Q_EMIT painted();
}

void LogView::paintRow(QPainter& painter, const Row& row) {
  const int width = viewport()->width();
  const int gutter = gutterWidth();
  const QRect band(gutter - level_stripe, row.y, width - gutter + level_stripe, rowHeight_);
  const auto [low, high] = std::minmax(anchor_.line, current_.line);
  const bool selected = low != high && row.line >= low && row.line <= high;
  if (selected) {
    painter.fillRect(band, theme_.selection);
  } else if (row.line == current_.line) {
    painter.fillRect(QRect(0, row.y, width, rowHeight_), theme_.tint(theme_.accent, 0.09));
  }
  if (row.line == flashing_) painter.fillRect(band, theme_.tint(theme_.accent, 0.4 * flashesLeft_ / flash_steps));
  if (row.level >= logs::Level::warning) {
    painter.fillRect(QRect(gutter - level_stripe, row.y, level_stripe, rowHeight_), theme_.level(row.level));
  }
  painter.setFont(font());
  painter.setPen(row.line == current_.line ? theme_.text : theme_.muted);
  painter.drawText(QRect(0, row.y, gutter - side_margin - level_stripe, rowHeight_), Qt::AlignRight | Qt::AlignVCenter,
                   QString::number(row.line));

  painter.save();
  painter.setClipRect(QRect(gutter, row.y, width - gutter, rowHeight_));
  const double left = gutter + side_margin - horizontalScrollBar()->value();
  const auto mark = [&](int begin, int length, const QColor& colour) {
    const double from = xOf(row.text, begin);
    painter.fillRect(QRectF(left + from, row.y, xOf(row.text, begin + length) - from, rowHeight_), colour);
  };
  if (low == high && row.line == low && anchor_.column != current_.column) {
    const auto [begin, end] = std::minmax(anchor_.column, current_.column);
    mark(begin, end - begin, theme_.selection);
  }
  if (search_) {
    for (const auto& [begin, length] : search_->spans(row.text.text))
      mark(begin, length, theme_.tint(theme_.fair, theme_.dark ? 0.38 : 0.24));
  }
  const double baseline = row.y + (rowHeight_ + QFontMetricsF(font()).ascent() - QFontMetricsF(font()).descent()) / 2;
  const auto draw = [&](int begin, int end, const QColor& colour) {
    if (isFixed_ && row.text.isAscii) {
      begin = std::max(begin, static_cast<int>((gutter - left) / cell_) - 1);
      end = std::min(end, static_cast<int>((width - left) / cell_) + 2);
    }
    if (begin >= end) return;
    painter.setPen(colour);
    painter.drawText(QPointF(left + xOf(row.text, begin), baseline), row.text.text.mid(begin, end - begin));
  };
  const auto size = static_cast<int>(row.text.text.size());
  draw(0, row.stampBegin, theme_.level(row.level));
  draw(row.stampBegin, row.stampEnd, theme_.muted);
  draw(row.stampEnd, size, theme_.level(row.level));
  double right = xOf(row.text, size);
  if (row.hiddenBytes) {
    const QString rest = tr(" ... and %1 more (copy the line to get all of it)").arg(bytesText(row.hiddenBytes));
    painter.setPen(theme_.accent);
    painter.drawText(QPointF(left + right, baseline), rest);
    right += QFontMetricsF(font()).horizontalAdvance(rest);
  }
  widest_ = std::max(widest_, right);
  painter.restore();
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
