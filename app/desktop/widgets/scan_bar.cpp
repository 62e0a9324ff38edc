#include "app/desktop/widgets/scan_bar.h"

#include <QComboBox>
#include <QDateTime>
#include <QHBoxLayout>
#include <QPushButton>
#include <QSettings>
#include <algorithm>
#include <array>

#include "app/desktop/text.h"
#include "engine/scan/probe/protocols.h"

namespace conclave::desktop {

namespace {

const auto probe_key = QStringLiteral("services/probe");
const auto every_key = QStringLiteral("services/every_ms");
constexpr std::array intervals_s = {30, 60, 300, 900, 3600};

void choose(QComboBox& box, const QVariant& data) { box.setCurrentIndex(std::max(0, box.findData(data))); }

}  // namespace

ScanBar::ScanBar(QWidget* parent) : QWidget(parent), probe_(new QComboBox), every_(new QComboBox), button_(new QPushButton) {
  probe_->setAccessibleName(tr("Probe"));
  probe_->setToolTip(
      tr("What talks with a service that is open, to say what answers there and how its certificate stands.\n"
         "A service of which the case names a probe, or what it should say, is asked as the case wants."));
  probe_->addItem(tr("Probe: as in the case"), QString());
  probe_->addItem(tr("Probe: find out (auto)"), QStringLiteral("auto"));
  for (const std::string_view name : scan::probe_names())
    if (name != "auto") probe_->addItem(tr("Probe: %1").arg(qtText(name)), qtText(name));
  every_->setAccessibleName(tr("How often"));
  every_->setToolTip(tr("How often the services are asked once asking began"));
  every_->addItem(tr("Once"), 0);
  for (const int seconds : intervals_s)
    every_->addItem(seconds < 60     ? tr("Every %1 s").arg(seconds)
                    : seconds < 3600 ? tr("Every %1 min").arg(seconds / 60)
                                     : tr("Every hour"),
                    seconds * 1000);
  choose(*probe_, QSettings().value(probe_key).toString());
  choose(*every_, QSettings().value(every_key).toInt());
  due_.setSingleShot(true);
  tick_.setInterval(1000);

  auto* across = new QHBoxLayout(this);
  across->setContentsMargins(0, 0, 0, 0);
  for (QWidget* each : {static_cast<QWidget*>(probe_), static_cast<QWidget*>(every_), static_cast<QWidget*>(button_)})
    across->addWidget(each);
  connect(probe_, &QComboBox::activated, this, [this] { QSettings().setValue(probe_key, probe_->currentData()); });
  connect(every_, &QComboBox::activated, this, [this] {
    QSettings().setValue(every_key, interval());
    if (repeating_ && interval() == 0) repeating_ = false;
    plan();
  });
  connect(button_, &QPushButton::clicked, this, [this] {
    if (scanning_ || repeating_) {
      repeating_ = false;
      plan();
      Q_EMIT stopped();
    } else {
      repeating_ = interval() > 0;
      Q_EMIT wanted();
    }
  });
  connect(&due_, &QTimer::timeout, this, &ScanBar::wanted);
  connect(&tick_, &QTimer::timeout, this, &ScanBar::ticked);
  refresh();
}

std::string ScanBar::probe() const { return probe_->currentData().toString().toStdString(); }

int ScanBar::interval() const { return every_->currentData().toInt(); }

void ScanBar::setKnown(bool known) {
  known_ = known;
  refresh();
}

void ScanBar::began() {
  scanning_ = true;
  beganMs_ = QDateTime::currentMSecsSinceEpoch();
  plan();
}

void ScanBar::ended() {
  scanning_ = false;
  plan();
}

void ScanBar::forget() {
  repeating_ = false;
  scanning_ = false;
  plan();
}

// A scan that took longer than the pause between two is followed by the next at once.
void ScanBar::plan() {
  due_.stop();
  tick_.stop();
  if (repeating_ && !scanning_) {
    const qint64 left = beganMs_ + interval() - QDateTime::currentMSecsSinceEpoch();
    due_.start(static_cast<int>(std::clamp<qint64>(left, 0, interval())));
    tick_.start();
  }
  refresh();
  Q_EMIT ticked();
}

QString ScanBar::next() const {
  if (!due_.isActive()) return {};
  const int seconds = (due_.remainingTime() + 999) / 1000;
  return seconds < 60 ? tr("next in %1 s").arg(seconds) : tr("next in %1").arg(secondsText(seconds));
}

void ScanBar::refresh() {
  const bool busy = scanning_ || repeating_;
  button_->setText(busy ? tr("&Stop asking") : known_ ? tr("&Ask again") : tr("&Ask now"));
  button_->setToolTip(scanning_    ? tr("What is known by then is kept")
                      : repeating_ ? tr("The services are not asked again by themselves")
                                   : tr("Connects to every service, now"));
}

}  // namespace conclave::desktop
