#include "app/desktop/widgets/minimap.h"

#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "app/desktop/text.h"

namespace conclave::desktop {

namespace {

constexpr int map_width = 34;
constexpr int levels_left = 3, levels_width = 16;  // bars from the left
constexpr int matches_width = 8;                   // from the right
constexpr int least_bar = 3;
constexpr int least_screen = 6;  // pixels
constexpr int drag_px = 4;
constexpr int snap_px = 3;

QColor faded(QColor colour, double strength) {
  colour.setAlphaF(static_cast<float>(std::clamp(strength, 0.0, 1.0)));
  return colour;
}

// How long a bar is: one of many lines is seen, and more of them are more.
int barWidth(quint64 some, quint64 all, int most) {
  const double share = std::min(1.0, static_cast<double>(some) / static_cast<double>(std::max<quint64>(1, all)));
  return some == 0 ? 0 : least_bar + static_cast<int>(std::lround((most - least_bar) * std::sqrt(share)));
}

}  // namespace

Minimap::Minimap(const LevelMap& levels, QWidget* parent) : QWidget(parent), levels_(levels), theme_(Theme::light()) {
  setFixedWidth(map_width);
  setMouseTracking(true);
  setAccessibleName(tr("Map of the log"));
  setAccessibleDescription(tr("Errors, warnings, matches and bookmarks of the whole log"));
  connect(&levels_, &LevelMap::grew, this, &Minimap::redraw);
}

void Minimap::redraw() {
  picture_ = {};
  update();
}

void Minimap::setMatches(const LineSetPtr& matches) {
  if (matches_ == matches) return;
  matches_ = matches;
  redraw();
}

void Minimap::setBookmarks(std::vector<quint64> lines) {
  bookmarks_ = std::move(lines);
  redraw();
}

void Minimap::setScreen(quint64 first, quint64 last) {
  if (first == first_ && last == last_) return;
  first_ = first;
  last_ = last;
  update();
}

void Minimap::setTheme(const Theme& theme) {
  theme_ = theme;
  redraw();
}

quint64 Minimap::lineAt(double y) const {
  const quint64 lines = levels_.lineCount();
  if (lines == 0) return 0;
  const double share = std::clamp(y / std::max(1, height()), 0.0, 1.0);
  return std::clamp<quint64>(static_cast<quint64>(share * static_cast<double>(lines)) + 1, 1, lines);
}

double Minimap::yOf(quint64 line) const {
  const quint64 lines = std::max<quint64>(1, levels_.lineCount());
  return height() * static_cast<double>(line - std::min<quint64>(1, line)) / static_cast<double>(lines);
}

Minimap::Stretch Minimap::stretchAt(int y) const {
  Stretch stretch;
  stretch.first = stretch.target = lineAt(y);
  if (stretch.first == 0) return stretch;
  stretch.last = std::max(stretch.first, std::min(lineAt(y + 1) - (y + 1 < height() ? 1 : 0), levels_.lineCount()));
  const auto& cells = levels_.cells();
  const quint64 per = levels_.linesPerCell();
  quint64 error = 0, warning = 0;
  for (quint64 cell = (stretch.first - 1) / per; cell <= (stretch.last - 1) / per && cell < cells.size(); ++cell) {
    const LevelCell& each = cells[cell];
    stretch.errors += each.errors;
    stretch.warnings += each.warnings;
    if (error == 0) error = each.firstError;
    if (warning == 0) warning = each.firstWarning;
  }
  if (warning) stretch.target = warning;
  if (error) stretch.target = error;
  if (matches_) {
    const quint64 before = matches_->countBefore(stretch.first);
    stretch.matches = matches_->countBefore(stretch.last + 1) - before;
    if (stretch.matches) stretch.target = matches_->at(before);
  }
  const auto mark = std::ranges::lower_bound(bookmarks_, stretch.first);
  stretch.isBookmarked = mark != bookmarks_.end() && *mark <= stretch.last;
  if (stretch.isBookmarked) stretch.target = *mark;
  return stretch;
}

void Minimap::draw() {
  const double ratio = devicePixelRatioF();
  picture_ = QImage(size() * ratio, QImage::Format_ARGB32_Premultiplied);
  picture_.setDevicePixelRatio(ratio);
  picture_.fill(theme_.raised);
  QPainter painter(&picture_);
  painter.fillRect(0, 0, 1, height(), theme_.border);
  for (int y = 0; y < height() && levels_.lineCount(); ++y) {
    const Stretch row = stretchAt(y);
    const quint64 lines = row.last - row.first + 1;
    const int errors = barWidth(row.errors, lines, levels_width);
    const int both = barWidth(row.errors + row.warnings, lines, levels_width);
    painter.fillRect(levels_left, y, errors, 1, theme_.bad);
    if (row.warnings) painter.fillRect(levels_left + errors, y, std::max(both - errors, least_bar), 1, faded(theme_.fair, 0.8));
    const int matches = barWidth(row.matches, lines, matches_width);
    painter.fillRect(map_width - 2 - matches, y, matches, 1, theme_.accent);
  }
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  painter.setBrush(theme_.text);
  for (const quint64 line : bookmarks_) {
    const double y = yOf(line);
    const QList<QPointF> flag = {{map_width - 9.0, y}, {map_width - 1.0, y - 4.5}, {map_width - 1.0, y + 4.5}};
    painter.drawPolygon(QPolygonF(flag));
  }
}

void Minimap::paintEvent(QPaintEvent*) {
  if (picture_.size() != size() * devicePixelRatioF()) draw();
  QPainter painter(this);
  painter.drawImage(0, 0, picture_);
  if (last_ == 0) return;
  const double top = yOf(first_);
  const double bottom = yOf(last_ + 1);
  QRectF screen(1.5, top, map_width - 2.0, std::max<double>(least_screen, bottom - top));
  if (screen.bottom() > height()) screen.moveBottom(height());
  painter.setPen(faded(theme_.text, 0.45));
  painter.setBrush(faded(theme_.text, theme_.dark ? 0.14 : 0.08));
  painter.drawRect(screen.adjusted(0, 0.5, -0.5, -0.5));
}

QString Minimap::tip(int y) const {
  const Stretch row = stretchAt(y);
  if (row.first == 0) return {};
  QStringList words;
  if (row.errors) words << counted(row.errors, "error", "errors");
  if (row.warnings) words << counted(row.warnings, "warning", "warnings");
  if (row.matches) words << counted(row.matches, "matching line", "matching lines");
  if (row.isBookmarked) words << tr("a bookmark");
  const bool isKnown = (row.last - 1) / levels_.linesPerCell() < levels_.cells().size();
  if (words.isEmpty()) words << (isKnown ? tr("no errors or warnings") : tr("not read yet"));
  const QString place = row.first == row.last ? tr("Line %1").arg(countText(row.first))
                                              : tr("Lines %1 to %2").arg(countText(row.first), countText(row.last));
  return tr("%1\n%2\nClick to go there, drag to scroll").arg(place, words.join(QStringLiteral(", ")));
}

bool Minimap::event(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    const auto* help = static_cast<QHelpEvent*>(event);
    QToolTip::showText(help->globalPos(), tip(help->pos().y()), this, QRect(0, help->pos().y(), width(), 1));
    return true;
  }
  return QWidget::event(event);
}

void Minimap::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton || levels_.lineCount() == 0) return;
  pressed_ = event->pos().y();
  isDragged_ = false;
}

void Minimap::mouseMoveEvent(QMouseEvent* event) {
  if (!pressed_) return;
  const int y = event->pos().y();
  isDragged_ = isDragged_ || std::abs(y - *pressed_) >= drag_px;
  if (isDragged_) Q_EMIT scrollRequested(lineAt(y));
}

// A mark is a pixel high: the nearest one within reach counts.
void Minimap::mouseReleaseEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton || !pressed_) return;
  const int y = *pressed_;
  pressed_.reset();
  if (isDragged_) return;
  for (int step = 0; step <= snap_px; ++step) {
    for (const int near : {y + step, y - step}) {
      if (near < 0 || near >= height()) continue;
      const Stretch row = stretchAt(near);
      if (row.errors || row.warnings || row.matches || row.isBookmarked) return Q_EMIT lineRequested(row.target);
    }
  }
  Q_EMIT lineRequested(lineAt(y));
}

}  // namespace conclave::desktop
