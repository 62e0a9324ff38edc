#include "app/desktop/widgets/dot_delegate.h"

#include <QPainter>
#include <QPixmapCache>

namespace conclave::desktop {

namespace {
constexpr int dot_size = 10;
}

QPixmap dot(const QColor& colour, int size, qreal pixelRatio) {
  const QString key = QStringLiteral("dot:%1:%2:%3").arg(colour.name()).arg(size).arg(pixelRatio);
  QPixmap pixmap;
  if (QPixmapCache::find(key, &pixmap)) return pixmap;
  pixmap = QPixmap(QSize(size, size) * pixelRatio);
  pixmap.setDevicePixelRatio(pixelRatio);
  pixmap.fill(Qt::transparent);
  QPainter painter(&pixmap);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  painter.setBrush(colour);
  painter.drawEllipse(QRectF(0.5, 0.5, size - 1, size - 1));
  painter.end();
  QPixmapCache::insert(key, pixmap);
  return pixmap;
}

void DotDelegate::initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const {
  QStyledItemDelegate::initStyleOption(option, index);
  const QVariant colour = index.data(Qt::DecorationRole);
  if (!colour.canConvert<QColor>()) return;
  const qreal ratio = option->widget ? option->widget->devicePixelRatioF() : 1;
  option->icon = QIcon(dot(colour.value<QColor>(), dot_size, ratio));
  option->decorationSize = {dot_size, dot_size};
  option->features |= QStyleOptionViewItem::HasDecoration;
}

}  // namespace conclave::desktop
