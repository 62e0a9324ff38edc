#include "app/desktop/widgets/time_histogram.h"

// QCustomPlot is written with the keywords that this program does without (QT_NO_KEYWORDS).
#define signals Q_SIGNALS
#define slots Q_SLOTS
#define foreach Q_FOREACH
#include <qcustomplot.h>
#undef signals
#undef slots
#undef foreach

#include <QToolTip>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "app/desktop/text.h"

namespace conclave::desktop {

namespace {

constexpr int height_px = 104;
constexpr int bar_px = 5;
constexpr int click_px = 4;
constexpr double least_share = 0.035;  // of the highest bar: a single error among thousands of lines must still be seen

double seconds(TimeUs time) { return static_cast<double>(time) / us_per_second; }

double atLeastSeen(quint64 count, double highest) {
  return count == 0 ? 0.0 : std::max(static_cast<double>(count), highest * least_share);
}

}  // namespace

TimeHistogram::TimeHistogram(QWidget* parent) : QWidget(parent), theme_(Theme::light()), plot_(new QCustomPlot) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(plot_);
  setFixedHeight(height_px);
  setAccessibleName(tr("Lines over time"));
  plot_->setNoAntialiasingOnDrag(true);
  plot_->setSelectionRectMode(QCP::srmNone);
  plot_->setMouseTracking(true);
  plot_->setCursor(Qt::CrossCursor);
  plot_->axisRect()->setAutoMargins(QCP::msLeft | QCP::msBottom);
  plot_->axisRect()->setMinimumMargins({8, 0, 0, 0});
  plot_->axisRect()->setMargins({0, 8, 12, 0});
  const QSharedPointer<QCPAxisTickerDateTime> ticker(new QCPAxisTickerDateTime);
  ticker->setDateTimeSpec(Qt::UTC);
  ticker->setTickCount(8);
  plot_->xAxis->setTicker(ticker);
  plot_->yAxis->ticker()->setTickCount(3);
  plot_->yAxis->setNumberFormat(QStringLiteral("f"));
  plot_->yAxis->setNumberPrecision(0);
  plot_->xAxis->grid()->setVisible(false);
  plot_->yAxis->grid()->setZeroLinePen(Qt::NoPen);
  for (auto** bars : {&errors_, &warnings_, &others_}) {
    *bars = new QCPBars(plot_->xAxis, plot_->yAxis);
    (*bars)->setAntialiased(false);
    (*bars)->setStackingGap(0);
  }
  warnings_->moveAbove(errors_);
  others_->moveAbove(warnings_);
  chosen_ = new QCPItemRect(plot_);
  chosen_->topLeft->setTypeY(QCPItemPosition::ptAxisRectRatio);
  chosen_->bottomRight->setTypeY(QCPItemPosition::ptAxisRectRatio);
  changeLine_ = new QCPItemStraightLine(plot_);
  changeText_ = new QCPItemText(plot_);
  changeText_->position->setTypeY(QCPItemPosition::ptAxisRectRatio);
  changeText_->setPositionAlignment(Qt::AlignLeft | Qt::AlignTop);
  changeText_->setText(tr("change"));
  changeText_->setPadding({4, 0, 4, 0});
  connect(plot_, &QCustomPlot::mousePress, this, &TimeHistogram::press);
  connect(plot_, &QCustomPlot::mouseMove, this, &TimeHistogram::move);
  connect(plot_, &QCustomPlot::mouseRelease, this, &TimeHistogram::release);
  connect(plot_, &QCustomPlot::mouseDoubleClick, this, [this] {
    pressed_.reset();
    Q_EMIT rangeCleared();
  });
  setTheme(theme_);
}

void TimeHistogram::show(const TimeBuckets& buckets, std::optional<TimeUs> change) {
  fine_ = buckets;
  change_ = change;
  range_.reset();
  rebuild();
}

void TimeHistogram::setRange(const std::optional<TimeRange>& range) {
  range_ = range;
  drawRange();
}

void TimeHistogram::setTheme(const Theme& theme) {
  theme_ = theme;
  plot_->setBackground(theme.base);
  for (auto* axis : {plot_->xAxis, plot_->yAxis}) {
    axis->setBasePen(QPen(theme.border));
    axis->setTickPen(QPen(theme.border));
    axis->setSubTickPen(Qt::NoPen);
    axis->setTickLabelColor(theme.muted);
    axis->grid()->setPen(QPen(theme.tint(theme.border, 0.6), 0, Qt::DotLine));
  }
  plot_->yAxis->setBasePen(Qt::NoPen);
  plot_->yAxis->setTickPen(Qt::NoPen);
  const auto paint = [](QCPBars* bars, const QColor& colour) {
    bars->setPen(Qt::NoPen);
    bars->setBrush(colour);
  };
  paint(errors_, theme.bad);
  paint(warnings_, theme.fair);
  paint(others_, theme.tint(theme.accent, theme.dark ? 0.32 : 0.28));
  QColor fill = theme.accent;
  fill.setAlphaF(0.16F);
  chosen_->setBrush(fill);
  chosen_->setPen(QPen(theme.accent));
  changeLine_->setPen(QPen(theme.text, 1, Qt::DashLine));
  changeText_->setColor(theme.text);
  QColor under = theme.base;
  under.setAlphaF(0.8F);
  changeText_->setBrush(under);
  plot_->replot(QCustomPlot::rpQueuedReplot);
}

void TimeHistogram::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  rebuild();
}

void TimeHistogram::rebuild() {
  bars_ = coarsened(fine_, static_cast<std::size_t>(std::max(20, width() / bar_px)));
  const auto at = [this](const TimeBucket& bar) { return seconds(bar.start) + seconds(bars_.width) / 2; };
  QVector<double> keys, errors, warnings, others;
  double highest = 1;
  for (const auto& bar : bars_.buckets) highest = std::max(highest, static_cast<double>(bar.lines));
  double top = highest;
  for (const auto& bar : bars_.buckets) {
    keys << at(bar);
    errors << atLeastSeen(bar.errors, highest);
    warnings << atLeastSeen(bar.warnings, highest);
    others << static_cast<double>(bar.lines - std::min(bar.lines, bar.errors + bar.warnings));
    top = std::max(top, errors.back() + warnings.back() + others.back());
  }
  for (auto* bars : {errors_, warnings_, others_}) bars->setWidth(seconds(bars_.width) * (keys.size() < 400 ? 0.86 : 1));
  errors_->setData(keys, errors, true);
  warnings_->setData(keys, warnings, true);
  others_->setData(keys, others, true);
  if (hasBuckets()) {
    double from = seconds(bars_.buckets.front().start);
    double to = seconds(bars_.buckets.back().start + bars_.width);
    if (change_ && seconds(*change_) < to + (to - from) && seconds(*change_) > from - (to - from)) {
      from = std::min(from, seconds(*change_));
      to = std::max(to, seconds(*change_));
    }
    plot_->xAxis->setRange(from, to);
    const auto ticker = qSharedPointerDynamicCast<QCPAxisTickerDateTime>(plot_->xAxis->ticker());
    const double day = 86'400;
    ticker->setDateTimeFormat(to - from > 3 * day ? QStringLiteral("MMM d\nyyyy") : QStringLiteral("HH:mm\nMMM d"));
  }
  plot_->yAxis->setRange(0, top * 1.08);
  changeLine_->setVisible(change_.has_value());
  changeText_->setVisible(change_.has_value());
  if (change_) {
    changeLine_->point1->setCoords(seconds(*change_), 0);
    changeLine_->point2->setCoords(seconds(*change_), 1);
    changeText_->position->setCoords(seconds(*change_), 0);
  }
  drawRange();
}

void TimeHistogram::drawRange() {
  chosen_->setVisible(range_.has_value());
  if (range_) {
    chosen_->topLeft->setCoords(seconds(range_->first), 0);
    chosen_->bottomRight->setCoords(seconds(range_->second), 1);
  }
  plot_->replot(QCustomPlot::rpQueuedReplot);
}

int TimeHistogram::xOf(TimeUs time) const { return static_cast<int>(std::lround(plot_->xAxis->coordToPixel(seconds(time)))); }

TimeRange TimeHistogram::snapped(double from, double to) const {
  const auto time = [this](double x) { return static_cast<TimeUs>(plot_->xAxis->pixelToCoord(x) * us_per_second); };
  const auto [low, high] = std::minmax(from, to);
  return {floorTo(time(low), bars_.width), floorTo(time(high), bars_.width) + bars_.width};
}

const TimeBucket* TimeHistogram::barAt(double x) const {
  const TimeUs start = snapped(x, x).first;
  for (const auto& bar : bars_.buckets) {
    if (bar.start == start) return &bar;
  }
  return nullptr;
}

void TimeHistogram::press(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton || !hasBuckets()) return;
  pressed_ = event->pos().x();
  brushing_ = false;
}

void TimeHistogram::move(QMouseEvent* event) {
  if (!hasBuckets()) return;
  const int x = event->pos().x();
  if (pressed_ && std::abs(x - *pressed_) >= click_px) brushing_ = true;
  if (pressed_ && brushing_) {
    range_ = snapped(*pressed_, x);
    drawRange();
    QToolTip::showText(event->globalPosition().toPoint(), tr("%1\nto %2").arg(timeText(range_->first), timeText(range_->second)),
                       plot_);
    return;
  }
  const TimeBucket* bar = barAt(x);
  QToolTip::showText(event->globalPosition().toPoint(),
                     bar ? tr("%1\n%2\n%3, %4\nDrag to choose a time, double-click to see all of it")
                               .arg(timeText(bar->start), counted(bar->lines, "line", "lines"),
                                    counted(bar->errors, "error", "errors"), counted(bar->warnings, "warning", "warnings"))
                         : QString(),
                     plot_);
}

void TimeHistogram::release(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton || !pressed_) return;
  pressed_.reset();
  if (brushing_ && range_) {
    brushing_ = false;
    return Q_EMIT rangeChosen(range_->first, range_->second);
  }
  const TimeBucket* bar = barAt(event->pos().x());
  if (bar && bar->firstErrorLine) Q_EMIT lineRequested(bar->firstErrorLine);
}

}  // namespace conclave::desktop
