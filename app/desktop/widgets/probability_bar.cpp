#include "app/desktop/widgets/probability_bar.h"

#include <QPainter>
#include <QPainterPath>

#include "app/desktop/text.h"
#include "app/desktop/verdict_look.h"

namespace conclave::desktop {

namespace {

std::vector<ProbabilityBar::Part> partsOf(const std::vector<std::pair<std::string, double>>& probabilities,
                                          const consensus::Question& question, const Theme& theme) {
  std::vector<ProbabilityBar::Part> parts;
  for (const auto& [label, share] : probabilities)
    parts.push_back({theme.tint(lookOf(label, question, theme).colour, 0.75), share});
  return parts;
}

QString wordsOf(const std::vector<std::pair<std::string, double>>& probabilities) {
  QStringList words;
  for (const auto& [label, share] : probabilities)
    words << QStringLiteral("%1 %2%").arg(qtText(label)).arg(share * 100, 0, 'f', 0);
  return words.join(QLatin1Char('\n'));
}

}  // namespace

ProbabilityBar::ProbabilityBar(std::vector<Part> parts, const QString& words, const Theme& theme, QWidget* parent)
    : QWidget(parent), parts_(std::move(parts)), border_(theme.border) {
  setToolTip(words);
  setAccessibleName(QString(words).replace(QLatin1Char('\n'), QLatin1String(", ")));
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

ProbabilityBar::ProbabilityBar(const std::vector<std::pair<std::string, double>>& probabilities,
                               const consensus::Question& question, const Theme& theme, QWidget* parent)
    : ProbabilityBar(partsOf(probabilities, question, theme), wordsOf(probabilities), theme, parent) {}

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
