#include "app/desktop/widgets/verdict_banner.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>

#include "app/desktop/text.h"
#include "app/desktop/verdict_look.h"
#include "app/desktop/widgets/card.h"
#include "app/desktop/widgets/interval_bar.h"
#include "engine/case/report_words.h"

namespace conclave::desktop {

namespace {

constexpr int icon_size = 52;

QVBoxLayout* figure(const QString& value, const QString& caption, const QString& tip) {
  auto* column = new QVBoxLayout;
  column->setSpacing(0);
  auto* number = new QLabel(value);
  number->setStyleSheet(QStringLiteral("font-size: 15pt; font-weight: 600;"));
  number->setToolTip(tip);
  auto* words = new QLabel(caption);
  words->setObjectName(QStringLiteral("muted"));
  words->setToolTip(tip);
  column->addWidget(number);
  column->addWidget(words);
  column->addStretch();
  return column;
}

QString percentText(double share) { return qtText(percent(share)); }

// Number, interval drawn and said, and whether it was ever compared with outcomes.
QVBoxLayout* confidence(const Report& report, const QColor& colour, const Theme& theme) {
  const auto& consensus = report.consensus;
  const QString tip = consensus.calibrated
                          ? VerdictBanner::tr("Calibrated on past cases whose outcome is known.")
                          : VerdictBanner::tr("The experts' own word, pooled. It has not been compared with outcomes yet.");
  const QString word = consensus.calibrated ? VerdictBanner::tr("confidence") : VerdictBanner::tr("confidence, uncalibrated");
  if (!consensus.verdict) return figure(QStringLiteral("–"), word, tip);
  auto* column = figure(percentText(consensus.confidence_score), word, tip);
  const auto& bounds = consensus.confidence_interval;
  const QString range = bounds ? VerdictBanner::tr("95 %: %1 to %2").arg(percentText(bounds->first), percentText(bounds->second))
                               : VerdictBanner::tr("too few independent experts\nfor an interval");
  auto* bar = new IntervalBar({consensus.confidence_score, bounds}, colour, theme,
                              VerdictBanner::tr("Confidence %1, %2").arg(percentText(consensus.confidence_score), range));
  column->insertWidget(column->count() - 1, bar);
  auto* words = new QLabel(range);
  words->setObjectName(QStringLiteral("muted"));
  words->setToolTip(VerdictBanner::tr("Between what confidence would lie in other circles of the same families of experts"));
  column->insertWidget(column->count() - 1, words);
  return column;
}

}  // namespace

VerdictBanner::VerdictBanner(const Report& report, const ThemeController& controller, QWidget* parent) : QFrame(parent) {
  const Theme& theme = controller.theme();
  const auto& consensus = report.consensus;
  const VerdictLook look = lookOf(consensus.verdict, report.receipt.question, theme);
  setObjectName(QStringLiteral("verdict"));
  setStyleSheet(QStringLiteral("QFrame#verdict { background: %1; border: 1px solid %2; border-left: 6px solid %3; border-radius: "
                               "8px; border-top-left-radius: 2px; border-bottom-left-radius: 2px; }")
                    .arg(theme.tint(look.colour, theme.dark ? 0.13 : 0.08).name(), theme.tint(look.colour, 0.35).name(),
                         look.colour.name()));
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(18, 14, 22, 14);
  row->setSpacing(18);
  auto* icon = new QLabel;
  icon->setPixmap(controller.icon(look.icon, look.colour).pixmap(icon_size, icon_size));
  row->addWidget(icon, 0, Qt::AlignTop);

  auto* words = new QVBoxLayout;
  words->setSpacing(4);
  words->addWidget(plainLabel(qtText(report.question), QStringLiteral("muted")));
  auto* verdict = plainLabel(look.word);
  verdict->setObjectName(QStringLiteral("verdict_word"));
  verdict->setStyleSheet(QStringLiteral("font-size: 22pt; font-weight: 700; color: %1;").arg(look.colour.name()));
  words->addWidget(verdict);
  const QString gate = consensus.passed ? tr("The gate is passed.") : tr("The gate is not passed.");
  words->addWidget(plainLabel(consensus.reason.empty() ? gate : QStringLiteral("%1 %2").arg(gate, qtText(consensus.reason))));
  row->addLayout(words, 1);

  row->addLayout(confidence(report, look.colour, theme));
  row->addLayout(
      figure(percentText(consensus.coverage), tr("coverage"), tr("Share of what was asked that answered and could be read.")));
  row->addLayout(figure(QString::number(consensus.effective_experts, 'f', 1), tr("effective experts"),
                        tr("How many independent opinions the answers amount to.")));
}

}  // namespace conclave::desktop
