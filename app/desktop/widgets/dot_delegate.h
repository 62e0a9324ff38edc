// Draws a colour that a model gives as decoration as a round dot before the text.
#pragma once

#include <QStyledItemDelegate>

namespace conclave::desktop {

class DotDelegate : public QStyledItemDelegate {
  Q_OBJECT
 public:
  using QStyledItemDelegate::QStyledItemDelegate;

 protected:
  void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override;
};

// A dot of `size` logical pixels.
[[nodiscard]] QPixmap dot(const QColor& colour, int size, qreal pixelRatio);

}  // namespace conclave::desktop
