// What the log view paints; where it is and what it does is in log_view.cpp and log_view_input.cpp.
#include "app/desktop/widgets/log_view.h"

#include <QPainter>
#include <QScrollBar>
#include <algorithm>

#include "app/desktop/highlight_colours.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/log_view_layout.h"
#include "engine/logs/level.h"
#include "engine/logs/timestamp.h"

namespace conclave::desktop {

struct LogView::Row {
  quint64 line = 0;
  int y = 0;
  LineText text;
  int stampBegin = 0;
  int stampEnd = 0;
  logs::Level level = logs::Level::unknown;
  quint64 hiddenBytes = 0;
  bool isBehindGap = false;
  const HighlightMark* lineMark = nullptr;  // that colours all of it
};

struct LogView::Run {
  int begin = 0;
  int end = 0;
  QColor text;
  QColor under;  // invalid: none
};

void LogView::paintEvent(QPaintEvent*) {
  QPainter painter(viewport());
  painter.fillRect(viewport()->rect(), theme_.base);
  painter.fillRect(0, 0, gutterWidth() - level_stripe, viewport()->height(), theme_.raised);
  if (!text_.bytes) return;
  const TimeUs now = now_us();
  const double widest = widest_;
  const quint64 rows = rowCount();
  for (quint64 row = top_; row < rows && static_cast<int>(row - top_) * rowHeight_ < viewport()->height(); ++row) {
    paintRow(painter, rowFor(row, now));
  }
  if (widest_ > widest) QMetaObject::invokeMethod(this, &LogView::refreshBars, Qt::QueuedConnection);
  Q_EMIT painted();
}

LogView::Row LogView::rowFor(quint64 row, qint64 now) const {
  Row each;
  each.line = lineAt(row);
  each.y = static_cast<int>(row - top_) * rowHeight_;
  const std::string_view bytes = text_.line(each.line, most_shown_bytes);
  const std::string letters = text_.letters(bytes);
  each.level = logs::level_of(bytes);
  if (const auto cells = columns_ ? columns_->row(letters) : std::nullopt) {
    each.text = lineText(cells->text.toStdString());
    each.stampBegin = cells->timeBegin;
    each.stampEnd = cells->timeEnd;
    if (cells->level != logs::Level::unknown) each.level = cells->level;
  } else {
    each.text = lineText(letters);
    if (const auto stamp = logs::locate_stamp(bytes, now); stamp && stamp->end <= each.text.plainPrefix) {
      each.stampBegin = static_cast<int>(stamp->begin);
      each.stampEnd = static_cast<int>(stamp->end);
    }
  }
  if (bytes.size() == most_shown_bytes) each.hiddenBytes = text_.lineBytes(each.line) - bytes.size();
  each.isBehindGap = showsGaps_ && shown_ && row > 0 && lineAt(row - 1) + 1 != each.line;
  if (highlights_) {
    const auto found = std::ranges::find_if(*highlights_, [&](const HighlightMark& mark) {
      if (!mark.holdsFor(each.line)) return false;
      if (mark.query.isEmpty()) return mark.wholeLine && !mark.matcher->spans(each.text.text).empty();
      return mark.wholeLine || mark.matcher->spans(each.text.text).empty();
    });
    if (found != highlights_->end()) each.lineMark = &*found;
  }
  return each;
}

// A line cut where a colour begins or ends: time and level, over these the highlighters, from the last to the first. By
// character, since a line may match thousands of times.
std::vector<LogView::Run> LogView::runsOf(const Row& row) const {
  const auto size = static_cast<int>(row.text.text.size());
  const QColor plain = row.lineMark ? theme_.text : theme_.level(row.level);
  const std::vector<Run> parts = {{0, row.stampBegin, plain, {}},
                                  {row.stampBegin, row.stampEnd, row.lineMark ? theme_.text : theme_.muted, {}},
                                  {row.stampEnd, size, plain, {}}};
  if (!highlights_ || highlights_->empty()) return parts;
  std::vector<int> colours(static_cast<std::size_t>(size), -1);
  for (auto mark = highlights_->rbegin(); mark != highlights_->rend(); ++mark) {
    if (mark->wholeLine || !mark->holdsFor(row.line)) continue;
    for (const auto& [begin, length] : mark->matcher->spans(row.text.text)) {
      std::fill_n(colours.begin() + begin, length, mark->colour);
    }
  }
  std::vector<Run> runs;
  for (const Run& part : parts) {
    for (int begin = part.begin; begin < part.end;) {
      const int colour = colours[static_cast<std::size_t>(begin)];
      int end = begin + 1;
      while (end < part.end && colours[static_cast<std::size_t>(end)] == colour) ++end;
      runs.push_back(colour < 0 ? Run{begin, end, part.text, {}} : Run{begin, end, theme_.text, highlightColour(theme_, colour)});
      begin = end;
    }
  }
  return runs;
}

void LogView::paintGutter(QPainter& painter, const Row& row) const {
  const int gutter = gutterWidth();
  if (row.level >= logs::Level::warning) {
    painter.fillRect(QRect(gutter - level_stripe, row.y, level_stripe, rowHeight_), theme_.level(row.level));
  }
  if (std::ranges::binary_search(bookmarks_, row.line)) {
    const double middle = row.y + rowHeight_ / 2.0;
    const QList<QPointF> ribbon = {
        {4.5, middle - 5.5}, {11.5, middle - 5.5}, {11.5, middle + 5.5}, {8, middle + 2.5}, {4.5, middle + 5.5}};
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme_.accent);
    painter.drawPolygon(QPolygonF(ribbon));
    painter.restore();
  }
  painter.setFont(font());
  painter.setPen(row.line == current_.line ? theme_.text : theme_.muted);
  painter.drawText(QRect(0, row.y, gutter - side_margin - level_stripe, rowHeight_), Qt::AlignRight | Qt::AlignVCenter,
                   QString::number(row.line));
}

void LogView::paintRow(QPainter& painter, const Row& row) {
  const int width = viewport()->width();
  const int gutter = gutterWidth();
  const QRect band(gutter - level_stripe, row.y, width - gutter + level_stripe, rowHeight_);
  const auto [low, high] = std::minmax(anchor_.line, current_.line);
  const bool selected = low != high && row.line >= low && row.line <= high;
  if (row.lineMark) painter.fillRect(band, highlightColour(theme_, row.lineMark->colour));
  if (selected) {
    painter.fillRect(band, theme_.selection);
  } else if (row.line == current_.line) {
    painter.fillRect(row.lineMark ? QRect(0, row.y, gutter, rowHeight_) : QRect(0, row.y, width, rowHeight_),
                     theme_.tint(theme_.accent, 0.09));
  }
  if (row.line == flashing_) painter.fillRect(band, theme_.tint(theme_.accent, 0.4 * flashesLeft_ / flash_steps));
  if (row.isBehindGap) painter.fillRect(0, row.y, width, 1, theme_.border);
  paintGutter(painter, row);

  painter.save();
  painter.setClipRect(QRect(gutter, row.y, width - gutter, rowHeight_));
  const double left = gutter + side_margin - horizontalScrollBar()->value();
  const auto mark = [&](int begin, int end, const QColor& colour) {
    const double from = xOf(row.text, begin);
    painter.fillRect(QRectF(left + from, row.y, xOf(row.text, end) - from, rowHeight_), colour);
  };
  const auto runs = runsOf(row);
  for (const Run& run : runs) {
    if (run.under.isValid() && !selected) mark(run.begin, run.end, run.under);
  }
  if (low == high && row.line == low && anchor_.column != current_.column) {
    const auto [begin, end] = std::minmax(anchor_.column, current_.column);
    mark(begin, end, theme_.selection);
  }
  if (search_) {
    for (const auto& [begin, length] : search_->spans(row.text.text)) {
      mark(begin, begin + length, theme_.tint(theme_.fair, theme_.dark ? 0.38 : 0.24));
    }
  }
  const double baseline = row.y + (rowHeight_ + QFontMetricsF(font()).ascent() - QFontMetricsF(font()).descent()) / 2;
  for (const Run& run : runs) {
    int begin = run.begin;
    int end = run.end;
    if (isFixed_ && row.text.isAscii) {
      begin = std::max(begin, static_cast<int>((gutter - left) / cell_) - 1);
      end = std::min(end, static_cast<int>((width - left) / cell_) + 2);
    }
    if (begin >= end) continue;
    painter.setPen(run.text);
    painter.drawText(QPointF(left + xOf(row.text, begin), baseline), row.text.text.mid(begin, end - begin));
  }
  double right = xOf(row.text, static_cast<int>(row.text.text.size()));
  if (row.hiddenBytes) {
    const QString rest = tr(" ... and %1 more (copy the line to get all of it)").arg(bytesText(row.hiddenBytes));
    painter.setPen(theme_.accent);
    painter.drawText(QPointF(left + right, baseline), rest);
    right += QFontMetricsF(font()).horizontalAdvance(rest);
  }
  widest_ = std::max(widest_, right);
  painter.restore();
}

}  // namespace conclave::desktop
