#include "app/desktop/widgets/flow_layout.h"

#include <algorithm>

namespace conclave::desktop {

FlowLayout::~FlowLayout() {
  for (auto* item : items_) delete item;
}

QLayoutItem* FlowLayout::itemAt(int index) const {
  return index >= 0 && index < count() ? items_[static_cast<std::size_t>(index)] : nullptr;
}

QLayoutItem* FlowLayout::takeAt(int index) {
  QLayoutItem* item = itemAt(index);
  if (item) items_.erase(items_.begin() + index);
  return item;
}

QSize FlowLayout::minimumSize() const {
  QSize size;
  for (const auto* item : items_) size = size.expandedTo(item->minimumSize());
  const QMargins margins = contentsMargins();
  return size + QSize(margins.left() + margins.right(), margins.top() + margins.bottom());
}

void FlowLayout::setGeometry(const QRect& rect) {
  QLayout::setGeometry(rect);
  place(rect, true);
}

int FlowLayout::place(const QRect& rect, bool moves) const {
  const QRect inside = rect.marginsRemoved(contentsMargins());
  const auto placeRow = [&](std::size_t first, std::size_t last, int y, int height) {
    int x = inside.x();
    for (std::size_t each = first; each < last; ++each) {
      const QSize size = items_[each]->sizeHint().boundedTo(QSize(inside.width(), height));
      if (!items_[each]->isEmpty()) {
        items_[each]->setGeometry(QRect(QPoint(x, y + (height - size.height()) / 2), size));
        x += size.width() + spacing();
      }
    }
  };
  int y = inside.y();
  for (std::size_t first = 0; first < items_.size();) {
    int width = 0, height = 0;
    std::size_t last = first;
    for (; last < items_.size(); ++last) {
      if (items_[last]->isEmpty()) continue;
      const QSize size = items_[last]->sizeHint();
      if (width > 0 && width + size.width() > inside.width()) break;
      width += size.width() + spacing();
      height = std::max(height, size.height());
    }
    if (moves) placeRow(first, last, y, height);
    y += height + (last < items_.size() ? spacing() : 0);
    first = last;
  }
  return y - rect.y() + contentsMargins().bottom();
}

}  // namespace conclave::desktop
