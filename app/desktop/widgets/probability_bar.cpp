#include "app/desktop/widgets/probability_bar.h"

#include <QPainter>
#include <QPainterPath>

#include "app/desktop/text.h"
#include "app/desktop/verdict_look.h"

namespace conclave::desktop {

ProbabilityBar::ProbabilityBar(const std::vector<std::pair<std::string, double>>& probabilities,
                               const consensus::Question& question, const Theme& theme, QWidget* parent)
    : QWidget(parent), border_(theme.border) {
  QStringList words;
  for (const auto& [label, share] : probabilities) {
    parts_.emplace_back(theme.tint(lookOf(label, question, theme).colour, 0.75), share);
    words << QStringLiteral("%1 %2%").arg(qtText(label)).arg(share * 100, 0, 'f', 0);
  }
  setToolTip(words.join(QLatin1Char('\n')));
  setAccessibleName(words.join(QStringLiteral(", ")));
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

QSize ProbabilityBar::sizeHint() const { return {120, 10}; }

void ProbabilityBar::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  QPainterPath outline;
  outline.addRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
  painter.setClipPath(outline);
  double left = 0;
  for (const auto& [colour, share] : parts_) {
    painter.fillRect(QRectF(left, 0, share * width(), height()), colour);
    left += share * width();
  }
  painter.setClipping(false);
  painter.setPen(border_);
  painter.drawPath(outline);
}

}  // namespace conclave::desktop
