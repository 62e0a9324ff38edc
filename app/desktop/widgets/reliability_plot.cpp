#include "app/desktop/widgets/reliability_plot.h"

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
#include "app/desktop/widgets/card.h"
#include "engine/case/report_words.h"

namespace conclave::desktop {

namespace {

constexpr int least_height = 210;
constexpr int curve_steps = 100;
constexpr double point_px = 9;
constexpr int near_px = 14;
constexpr double too_wide = 0.2;  // an interval that says nothing good either

QString percentText(double share) { return qtText(percent(share)); }

QString binText(const consensus::ReliabilityBin& bin) {
  return ReliabilityPlot::tr("said %1 to %2: %3 of %4 came true, %5 (95 %: %6 to %7)")
      .arg(percentText(bin.from), percentText(bin.to), countText(bin.held), countText(bin.count), percentText(bin.share()),
           percentText(bin.interval.first), percentText(bin.interval.second));
}

}  // namespace

ReliabilityPlot::ReliabilityPlot(const ThemeController& theme, QWidget* parent)
    : QWidget(parent),
      theme_(theme),
      title_(plainLabel({}, QStringLiteral("heading"))),
      words_(plainLabel({}, QStringLiteral("muted"))),
      plot_(new QCustomPlot) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(4);
  column->addWidget(title_);
  column->addWidget(words_);
  column->addWidget(plot_, 1);
  column->addStretch();
  plot_->setMinimumHeight(least_height);
  plot_->setMouseTracking(true);
  const QSharedPointer<QCPAxisTickerFixed> ticker(new QCPAxisTickerFixed);
  ticker->setTickStep(20);
  for (auto* axis : {plot_->xAxis, plot_->yAxis}) {
    axis->setTicker(ticker);
    axis->setRange(0, 100);
    axis->setNumberFormat(QStringLiteral("f"));
    axis->setNumberPrecision(0);
  }
  plot_->yAxis->setRange(-4, 104);  // whole points at the rims
  plot_->xAxis->setRange(-2, 104);
  plot_->xAxis->setLabel(tr("said, %"));
  plot_->yAxis->setLabel(tr("came true, %"));
  diagonal_ = plot_->addGraph();
  diagonal_->setData(QVector<double>{0, 100}, QVector<double>{0, 100}, true);
  curve_ = plot_->addGraph();
  points_ = plot_->addGraph();
  points_->setLineStyle(QCPGraph::lsNone);
  errors_ = new QCPErrorBars(plot_->xAxis, plot_->yAxis);
  errors_->setDataPlottable(points_);
  errors_->setWhiskerWidth(7);
  connect(plot_, &QCustomPlot::mouseMove, this, [this](const QMouseEvent* event) {
    QString text;
    for (const auto& bin : bins_) {
      const QPointF at(plot_->xAxis->coordToPixel(bin.confidence * 100), plot_->yAxis->coordToPixel(bin.share() * 100));
      if (QLineF(at, event->position()).length() < near_px) text = binText(bin);
    }
    QToolTip::showText(event->globalPosition().toPoint(), text, plot_);
  });
  applyTheme();
}

QString ReliabilityPlot::verdictInWords() const { return words_->text(); }

void ReliabilityPlot::show(const QString& title, std::span<const consensus::JudgedVerdict> verdicts,
                           const consensus::Calibration& calibration) {
  bins_ = consensus::reliability_diagram(verdicts);
  calibration_ = calibration;
  count_ = verdicts.size();
  held_ = 0;
  double sum = 0;
  for (const auto& verdict : verdicts) {
    sum += verdict.confidence;
    held_ += verdict.held ? 1 : 0;
  }
  title_->setText(title);
  title_->setVisible(!title.isEmpty());
  plot_->setVisible(count_ > 0);
  describe(count_ > 0 ? sum / static_cast<double>(count_) : 0);
  draw();
}

void ReliabilityPlot::describe(double mean) {
  if (count_ == 0) {
    words_->setText(tr("Nothing to compare yet: of no answer it is known whether it was right."));
    plot_->setAccessibleDescription({});
    return;
  }
  const double share = static_cast<double>(held_) / static_cast<double>(count_);
  const auto [low, high] = consensus::share_interval(held_, count_);
  const QString gap = mean > high             ? tr("more confident than it should be")
                      : mean < low            ? tr("less confident than it could be")
                      : high - low > too_wide ? tr("too few to tell more")
                                              : tr("as confident as it should be");
  words_->setText(tr("Says %1 on average; %2 of %3 came true, %4 (95 %: %5 to %6): %7.")
                      .arg(percentText(mean), countText(held_), countText(count_), percentText(share), percentText(low),
                           percentText(high), gap));
  QStringList bins;
  for (const auto& bin : bins_) bins << binText(bin);
  plot_->setAccessibleName(tr("Reliability diagram of %1").arg(title_->text()));
  plot_->setAccessibleDescription(bins.join(QStringLiteral("; ")));
}

void ReliabilityPlot::draw() {
  for (auto* text : counts_) plot_->removeItem(text);
  counts_.clear();
  const Theme& theme = theme_.theme();
  QVector<double> keys, shares, below, above;
  for (const auto& bin : bins_) {
    keys << bin.confidence * 100;
    shares << bin.share() * 100;
    below << (bin.share() - bin.interval.first) * 100;
    above << (bin.interval.second - bin.share()) * 100;
    auto* text = new QCPItemText(plot_);
    text->position->setCoords(keys.back(), shares.back());
    const bool right = bin.confidence < 0.9;
    text->setPositionAlignment((right ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    text->setPadding({10, 0, 10, 0});
    text->setText(countText(bin.count));
    text->setColor(theme.muted);
    counts_.push_back(text);
  }
  points_->setData(keys, shares, true);
  errors_->setData(below, above);
  QVector<double> said, true_;
  if (calibration_.method != consensus::Calibration::Method::none) {
    for (int step = 0; step <= curve_steps; ++step) {
      const double confidence = static_cast<double>(step) / curve_steps;
      said << confidence * 100;
      true_ << calibration_(confidence) * 100;
    }
  }
  curve_->setData(said, true_, true);
  plot_->replot(QCustomPlot::rpQueuedReplot);
}

void ReliabilityPlot::applyTheme() {
  const Theme& theme = theme_.theme();
  plot_->setBackground(theme.base);
  for (auto* axis : {plot_->xAxis, plot_->yAxis}) {
    axis->setBasePen(QPen(theme.border));
    axis->setTickPen(QPen(theme.border));
    axis->setSubTickPen(Qt::NoPen);
    axis->setTickLabelColor(theme.muted);
    axis->setLabelColor(theme.muted);
    axis->grid()->setPen(QPen(theme.tint(theme.border, 0.6), 0, Qt::DotLine));
    axis->grid()->setZeroLinePen(Qt::NoPen);
  }
  diagonal_->setPen(QPen(theme.muted, 1, Qt::DashLine));
  curve_->setPen(QPen(theme.good, 1.6));
  points_->setPen(QPen(theme.accent, 1.5));
  points_->setScatterStyle(QCPScatterStyle(QCPScatterStyle::ssCircle, QPen(theme.accent, 1.5), theme.accent, point_px));
  errors_->setPen(QPen(theme.accent, 1.2));
  for (auto* text : counts_) text->setColor(theme.muted);
  plot_->replot(QCustomPlot::rpQueuedReplot);
}

void ReliabilityPlot::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  plot_->replot(QCustomPlot::rpQueuedReplot);
}

}  // namespace conclave::desktop
