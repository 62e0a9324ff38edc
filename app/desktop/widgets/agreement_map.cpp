#include "app/desktop/widgets/agreement_map.h"

#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>

namespace conclave::desktop {

namespace {
constexpr int cell = 38;
constexpr int head = 20;
constexpr int most_label_width = 190;
}  // namespace

AgreementMap::AgreementMap(QStringList names, std::vector<std::vector<double>> values, const Theme& theme, QWidget* parent)
    : QWidget(parent), names_(std::move(names)), values_(std::move(values)), theme_(theme) {
  const auto size = static_cast<std::size_t>(names_.size());
  const bool square =
      values_.size() == size && std::all_of(values_.begin(), values_.end(), [&](const auto& row) { return row.size() == size; });
  if (!square) {
    names_.clear();
    values_.clear();
  }
  QStringList words;
  for (int row = 0; row < names_.size(); ++row) {
    for (int column = row + 1; column < names_.size(); ++column) words << cellText(row, column);
  }
  setAccessibleName(tr("Agreement"));
  setAccessibleDescription(words.join(QStringLiteral("; ")));
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
}

int AgreementMap::labelWidth() const {
  int width = 0;
  for (const auto& name : names_) width = std::max(width, fontMetrics().horizontalAdvance(name));
  return std::min(width, most_label_width) + 34;
}

QSize AgreementMap::sizeHint() const {
  const int count = static_cast<int>(names_.size());
  return {labelWidth() + count * cell + 1, head + count * cell + 1};
}

std::pair<int, int> AgreementMap::cellAt(const QPoint& point) const {
  const int column = (point.x() - labelWidth()) / cell;
  const int row = (point.y() - head) / cell;
  const int count = static_cast<int>(names_.size());
  if (point.x() < labelWidth() || point.y() < head || row >= count || column >= count) return {-1, -1};
  return {row, column};
}

QString AgreementMap::cellText(int row, int column) const {
  const double value = values_[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)];
  return tr("%1 and %2: %3").arg(names_[row], names_[column]).arg(value, 0, 'f', 2);
}

void AgreementMap::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const int left = labelWidth();
  const int count = static_cast<int>(names_.size());
  for (int row = 0; row < count; ++row) {
    const QRect label(0, head + row * cell, left - 8, cell);
    painter.setPen(theme_.text);
    const QString name =
        QStringLiteral("%1  %2").arg(fontMetrics().elidedText(names_[row], Qt::ElideRight, most_label_width)).arg(row + 1);
    painter.drawText(label, Qt::AlignRight | Qt::AlignVCenter, name);
    painter.setPen(theme_.muted);
    painter.drawText(QRect(left + row * cell, 0, cell, head), Qt::AlignCenter, QString::number(row + 1));
    for (int column = 0; column < count; ++column) {
      const double value = std::clamp(values_[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)], 0.0, 1.0);
      const QRect box(left + column * cell, head + row * cell, cell - 2, cell - 2);
      const QColor fill = theme_.tint(theme_.accent, 0.06 + 0.74 * value);
      painter.fillRect(box, fill);
      const bool darkFill = fill.lightnessF() < 0.55;
      painter.setPen(darkFill ? QColor(Qt::white) : QColor(0x10131a));
      painter.drawText(box, Qt::AlignCenter, row == column ? QStringLiteral("-") : QString::number(value, 'f', 2));
    }
  }
}

bool AgreementMap::event(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    const auto* help = static_cast<QHelpEvent*>(event);
    const auto [row, column] = cellAt(help->pos());
    if (row < 0 || row == column) {
      QToolTip::hideText();
    } else {
      QToolTip::showText(help->globalPos(), cellText(row, column), this);
    }
    return true;
  }
  return QWidget::event(event);
}

}  // namespace conclave::desktop
