#include "app/desktop/widgets/jobs_panel.h"

#include <QDateTime>
#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <algorithm>
#include <set>

#include "app/desktop/text.h"

namespace conclave::desktop {

namespace {

constexpr int bar_steps = 1000;

void showProgress(QProgressBar* bar, const Progress& progress) {
  if (progress.total == 0) return bar->setRange(0, 0);
  bar->setRange(0, bar_steps);
  bar->setValue(
      static_cast<int>(bar_steps * std::min(1.0, static_cast<double>(progress.done) / static_cast<double>(progress.total))));
}

double secondsSince(qint64 startedMs) { return static_cast<double>(QDateTime::currentMSecsSinceEpoch() - startedMs) / 1000; }

}  // namespace

JobsPanel::JobsPanel(Jobs& jobs, QWidget* parent) : QWidget(parent), jobs_(jobs), rows_(*this, tr("Nothing is running.")) {
  connect(&jobs_, &Jobs::changed, this, &JobsPanel::refresh);
  connect(&jobs_, &Jobs::progressed, this, &JobsPanel::refresh);
}

JobsPanel::Row JobsPanel::fillRow(QHBoxLayout* line, const Jobs::View& view) {
  Row row{nullptr, new QLabel, new QProgressBar, new QPushButton(tr("Stop"))};
  row.text->setTextFormat(Qt::PlainText);
  row.bar->setTextVisible(false);
  row.bar->setFixedWidth(180);
  row.stop->setAccessibleName(tr("Stop %1").arg(view.title));
  line->addWidget(row.bar);
  line->addWidget(row.text, 1);
  line->addWidget(row.stop);
  connect(row.stop, &QPushButton::clicked, this, [this, id = view.id] { jobs_.cancel(id); });
  return row;
}

void JobsPanel::refresh() {
  std::set<Jobs::Id> seen;
  for (const auto& view : jobs_.views()) {
    seen.insert(view.id);
    Row* row = rows_.find(view.id);
    if (!row) row = &rows_.add(view.id, [&](QHBoxLayout* line) { return fillRow(line, view); });
    const QString detail = view.stopping ? tr("stopping ...") : progressText(view.progress, secondsSince(view.startedMs));
    row->text->setText(detail.isEmpty() ? view.title : QStringLiteral("%1: %2").arg(view.title, detail));
    row->stop->setEnabled(!view.stopping);
    showProgress(row->bar, view.progress);
  }
  rows_.keep(seen);
}

JobsSummary::JobsSummary(Jobs& jobs, QWidget* parent) : QWidget(parent), jobs_(jobs), text_(new QLabel), bar_(new QProgressBar) {
  auto* layout = new QHBoxLayout(this);
  layout->setContentsMargins(0, 0, 8, 0);
  layout->addWidget(text_);
  layout->addWidget(bar_);
  text_->setTextFormat(Qt::PlainText);
  bar_->setTextVisible(false);
  bar_->setFixedWidth(120);
  setCursor(Qt::PointingHandCursor);
  setToolTip(tr("Show all jobs"));
  connect(&jobs_, &Jobs::changed, this, &JobsSummary::refresh);
  connect(&jobs_, &Jobs::progressed, this, &JobsSummary::refresh);
  refresh();
}

void JobsSummary::mouseReleaseEvent(QMouseEvent*) { Q_EMIT clicked(); }

void JobsSummary::refresh() {
  const auto views = jobs_.views();
  setVisible(!views.empty());
  if (views.empty()) return;
  const auto& first = views.front();
  text_->setText(views.size() == 1 ? first.title : tr("%1 and %2 more").arg(first.title).arg(views.size() - 1));
  showProgress(bar_, first.progress);
}

}  // namespace conclave::desktop
