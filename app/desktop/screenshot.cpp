#include "app/desktop/screenshot.h"

#include <QCoreApplication>
#include <QPixmap>

namespace conclave::desktop {

namespace {
constexpr int tick_ms = 100;
constexpr int quiet_ticks = 8;  // fonts, layouts and late jobs settle
constexpr int most_ticks = 120'000 / tick_ms;
}  // namespace

Screenshot::Screenshot(Session& session, MainWindow& window, QString file, QString page)
    : session_(session), window_(window), file_(std::move(file)), page_(std::move(page)) {
  window_.setAsksBeforeClosing(false);
  timer_.setInterval(tick_ms);
  connect(&timer_, &QTimer::timeout, this, &Screenshot::look);
  timer_.start();
}

void Screenshot::look() {
  if (++ticks_ > most_ticks) {
    qCritical("no picture: the window did not come to rest");
    return finish(1);
  }
  const bool starting = session_.scripts().state() == Scripts::State::starting;
  if (session_.subject() && !asked_ && !starting) {
    asked_ = true;
    if (!session_.isConsulting() && (!session_.report() || session_.reportOrigin() == ReportOrigin::history)) session_.consult();
  }
  quietTicks_ = session_.jobs().isIdle() && !starting ? quietTicks_ + 1 : 0;
  if (quietTicks_ == 1 && !page_.isEmpty()) window_.showPage(page_);
  if (quietTicks_ < quiet_ticks) return;
  if (!window_.grab().save(file_)) {
    qCritical("cannot write %s", qPrintable(file_));
    return finish(1);
  }
  finish(0);
}

void Screenshot::finish(int code) {
  timer_.stop();
  QCoreApplication::exit(code);
}

}  // namespace conclave::desktop
