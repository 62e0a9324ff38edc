#include "app/desktop/widgets/scan_timeline.h"

#include <QAccessible>
#include <QKeyEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "app/desktop/models/service_words.h"
#include "app/desktop/text.h"

namespace conclave::desktop {

namespace {

constexpr double band_height = 14;
constexpr double gap = 4;
constexpr double widest_scan = 24;  // pixels: a few scans do not fill the whole width

}  // namespace

ScanTimeline::ScanTimeline(QWidget* parent) : QWidget(parent), theme_(Theme::light()) {
  setFocusPolicy(Qt::StrongFocus);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
  setCursor(Qt::CrossCursor);
  setAccessibleName(tr("Scans over time"));
}

void ScanTimeline::show(std::vector<scan::Observation> scans, scan::State expected) {
  const bool newest = current_ < 0 || current_ + 1 == static_cast<int>(scans_.size());
  const auto looked_at = newest ? TimeUs{0} : scans_[static_cast<std::size_t>(current_)].time;
  scans_ = std::move(scans);
  expected_ = expected;
  current_ = static_cast<int>(scans_.size()) - 1;
  if (!newest) {
    const auto found = std::ranges::find(scans_, looked_at, &scan::Observation::time);
    if (found != scans_.end()) current_ = static_cast<int>(found - scans_.begin());
  }
  setAccessibleDescription(words());
  update();
}

void ScanTimeline::setTheme(const Theme& theme) {
  theme_ = theme;
  update();
}

void ScanTimeline::setCurrent(int scan) {
  if (scans_.empty()) return;
  current_ = std::clamp(scan, 0, static_cast<int>(scans_.size()) - 1);
  setAccessibleDescription(words());
  QAccessibleEvent changed(this, QAccessible::DescriptionChanged);
  QAccessible::updateAccessibility(&changed);
  update();
}

QString ScanTimeline::words() const {
  if (current_ < 0) return tr("No scan of this service is remembered yet.");
  const auto& scan = scans_[static_cast<std::size_t>(current_)];
  QString text = tr("%1: %2").arg(timeText(scan.time), stateText(scan.state));
  if (scan.latency_ms) text += tr(" in %1").arg(millisecondsText(scan.latency_ms));
  int run = 1;
  for (int other = current_ - 1; other >= 0 && scans_[static_cast<std::size_t>(other)].state == scan.state; --other) ++run;
  if (run > 1) text += tr(", as %1 before").arg(counted(static_cast<quint64>(run - 1), "scan", "scans"));
  return text + tr(" (%1 of %2)").arg(current_ + 1).arg(scans_.size());
}

// Words above, times below.
QRectF ScanTimeline::plot() const {
  const double line = fontMetrics().height();
  return QRectF(rect()).adjusted(gap, line + 2 * gap, -gap, -line - 2 * gap);
}

double ScanTimeline::xOf(std::size_t scan) const {
  const double step = std::min(plot().width() / static_cast<double>(std::max<std::size_t>(scans_.size(), 1)), widest_scan);
  return plot().left() + step * (static_cast<double>(scan) + 0.5);
}

int ScanTimeline::scanAt(double x) const {
  if (scans_.empty()) return -1;
  const double step = 2 * (xOf(0) - plot().left());
  return std::clamp(static_cast<int>(std::floor((x - plot().left()) / step)), 0, static_cast<int>(scans_.size()) - 1);
}

int ScanTimeline::nextChange(int from, int step) const {
  const int last = static_cast<int>(scans_.size()) - 1;
  const auto state = scans_[static_cast<std::size_t>(from)].state;
  int at = from;
  while (at + step >= 0 && at + step <= last) {
    at += step;
    if (scans_[static_cast<std::size_t>(at)].state != state) break;
  }
  return at;
}

void ScanTimeline::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), theme_.base);
  painter.setPen(hasFocus() ? theme_.accent : theme_.border);
  painter.drawRect(rect().adjusted(0, 0, -1, -1));
  const QRectF box = plot();
  const QRectF above(box.left(), gap, box.width(), fontMetrics().height());
  painter.setPen(current_ < 0 ? theme_.muted : theme_.text);
  painter.drawText(above, Qt::AlignLeft | Qt::AlignVCenter,
                   fontMetrics().elidedText(words(), Qt::ElideRight, static_cast<int>(above.width())));
  if (scans_.empty()) return;

  painter.setRenderHint(QPainter::Antialiasing, false);
  const double half = xOf(0) - box.left();
  const QRectF band(box.left(), box.bottom() - band_height, box.width(), band_height);
  for (std::size_t i = 0; i < scans_.size(); ++i) {
    const double left = std::floor(xOf(i) - half);
    const double right = std::floor(xOf(i) + half);
    const double between = half > 2 ? 1 : 0;
    painter.fillRect(QRectF(left, band.top(), std::max(1.0, right - left - between), band.height()),
                     theme_.state(scans_[i].state, expected_));
  }
  // Latencies of scans that found it up; the line ends where one did not.
  const auto latency_of = [](const scan::Observation& each) {
    return each.state == scan::State::open ? each.latency_ms.value_or(0) : 0;
  };
  const double most = latency_of(std::ranges::max(scans_, {}, latency_of));
  const double room = band.top() - gap - box.top();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(theme_.accent, 1.4));
  QPolygonF run;
  const auto flush = [&] {
    if (run.size() == 1) painter.drawEllipse(run.front(), 1, 1);
    if (run.size() > 1) painter.drawPolyline(run);
    run.clear();
  };
  for (std::size_t i = 0; i < scans_.size(); ++i) {
    const bool timed = scans_[i].state == scan::State::open && scans_[i].latency_ms && room > 0;
    if (timed) run << QPointF(xOf(i), band.top() - gap - (most > 0 ? *scans_[i].latency_ms / most * room : 0));
    if (!timed) flush();
  }
  flush();
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.setPen(theme_.muted);
  if (most > 0 && room > fontMetrics().height())
    painter.drawText(QRectF(box.left(), box.top(), box.width(), fontMetrics().height()), Qt::AlignRight | Qt::AlignTop,
                     tr("up to %1").arg(millisecondsText(most)));
  const QRectF below(box.left(), box.bottom() + gap, box.width(), fontMetrics().height());
  painter.drawText(below, Qt::AlignLeft | Qt::AlignVCenter, timeText(scans_.front().time));
  const double last = xOf(scans_.size() - 1) + half;
  const int width = fontMetrics().horizontalAdvance(timeText(scans_.back().time));
  const double start =
      std::clamp(last - width, box.left() + width + 4 * gap, std::max(box.right() - width, box.left() + width + 4 * gap));
  if (scans_.size() > 1 && start + width <= box.right() + 1)
    painter.drawText(QRectF(start, below.top(), width + 1, below.height()), Qt::AlignLeft | Qt::AlignVCenter,
                     timeText(scans_.back().time));
  const double x = std::floor(xOf(static_cast<std::size_t>(current_)));
  painter.setPen(QPen(theme_.text, 1, Qt::DashLine));
  painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()));
}

void ScanTimeline::keyPressEvent(QKeyEvent* event) {
  if (scans_.empty()) return QWidget::keyPressEvent(event);
  const bool far = event->modifiers().testFlag(Qt::ControlModifier);
  switch (event->key()) {
    case Qt::Key_Left:
      return setCurrent(far ? nextChange(current_, -1) : current_ - 1);
    case Qt::Key_Right:
      return setCurrent(far ? nextChange(current_, 1) : current_ + 1);
    case Qt::Key_Home:
      return setCurrent(0);
    case Qt::Key_End:
      return setCurrent(static_cast<int>(scans_.size()) - 1);
    default:
      return QWidget::keyPressEvent(event);
  }
}

void ScanTimeline::mousePressEvent(QMouseEvent* event) {
  if (event->button() == Qt::LeftButton && !scans_.empty()) setCurrent(scanAt(event->position().x()));
}

void ScanTimeline::mouseMoveEvent(QMouseEvent* event) {
  if (event->buttons().testFlag(Qt::LeftButton) && !scans_.empty()) setCurrent(scanAt(event->position().x()));
}

void ScanTimeline::focusInEvent(QFocusEvent* event) {
  QWidget::focusInEvent(event);
  update();
}

void ScanTimeline::focusOutEvent(QFocusEvent* event) {
  QWidget::focusOutEvent(event);
  update();
}

}  // namespace conclave::desktop
