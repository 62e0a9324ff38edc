#include "app/desktop/widgets/interval_bar.h"

#include <QApplication>
#include <QPainter>
#include <algorithm>

namespace conclave::desktop {

namespace {
constexpr int bar_width = 110;
constexpr int gap = 8;
constexpr double track_height = 6;
constexpr double mark_width = 3;
constexpr double mark_height = 14;
}  // namespace

void paintInterval(QPainter& painter, const QRectF& where, const Interval& interval, const QColor& colour, const Theme& theme) {
  const auto x = [&](double share) { return where.left() + std::clamp(share, 0.0, 1.0) * (where.width() - mark_width); };
  const double middle = where.center().y();
  const auto strip = [&](double left, double right, double height) {
    return QRectF(left, middle - height / 2, std::max(right - left, mark_width), height);
  };
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  QColor track = theme.muted;  // seen on any background, also on a tinted one
  track.setAlphaF(0.3F);
  painter.setBrush(track);
  painter.drawRoundedRect(strip(where.left(), where.right(), track_height), track_height / 2, track_height / 2);
  for (const double quarter : {0.25, 0.5, 0.75}) painter.drawRect(QRectF(x(quarter) + 1, middle + track_height / 2 + 1, 1, 3));
  if (interval.bounds) {
    painter.setBrush(theme.tint(colour, 0.5));
    const QRectF band = strip(x(interval.bounds->first), x(interval.bounds->second) + mark_width, track_height + 2);
    painter.drawRoundedRect(band, 3, 3);
  }
  painter.setBrush(colour);
  painter.drawRoundedRect(QRectF(x(interval.value), middle - mark_height / 2, mark_width, mark_height), 1, 1);
  painter.restore();
}

IntervalBar::IntervalBar(const Interval& interval, const QColor& colour, const Theme& theme, const QString& words,
                         QWidget* parent)
    : QWidget(parent), interval_(interval), colour_(colour), theme_(theme) {
  setAccessibleName(words);
  setToolTip(words);
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
}

void IntervalBar::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  paintInterval(painter, rect(), interval_, colour_, theme_);
}

void IntervalDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  QStyledItemDelegate::paint(painter, option, index);
  const QVariant value = index.data(interval_role);
  if (!value.canConvert<Interval>()) return;
  const QRectF where(option.rect.right() - bar_width - gap, option.rect.top(), bar_width, option.rect.height());
  paintInterval(*painter, where, value.value<Interval>(), theme_.theme().accent, theme_.theme());
}

QSize IntervalDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
  const QSize size = QStyledItemDelegate::sizeHint(option, index);
  return index.data(interval_role).canConvert<Interval>() ? size + QSize(bar_width + 3 * gap, 0) : size;
}

}  // namespace conclave::desktop
