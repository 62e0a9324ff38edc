// Draws the latencies of the last scans as a line before the text of a cell; scans that did not find the service up are ticks
// below it.
#pragma once

#include <QStyledItemDelegate>

#include "app/desktop/theme.h"

namespace conclave::desktop {

class SparklineDelegate : public QStyledItemDelegate {
  Q_OBJECT
 public:
  // What a model answers with a QList<double>, oldest first: milliseconds, or NaN for a scan without.
  static constexpr int values_role = Qt::UserRole + 1;

  explicit SparklineDelegate(const ThemeController& theme, QObject* parent = nullptr)
      : QStyledItemDelegate(parent), theme_(theme) {}

  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
  [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;

 private:
  const ThemeController& theme_;
};

}  // namespace conclave::desktop
