// A share with the interval in which it lies: a scale from 0 to 100 %, a band and a mark. The numbers stand beside it in words.
#pragma once

#include <QStyledItemDelegate>
#include <QWidget>
#include <optional>
#include <utility>

#include "app/desktop/theme.h"

namespace conclave::desktop {

struct Interval {
  double value = 0;                                 // in [0, 1]
  std::optional<std::pair<double, double>> bounds;  // in [0, 1]; nothing: only the value is known
};

void paintInterval(QPainter& painter, const QRectF& where, const Interval& interval, const QColor& colour, const Theme& theme);

class IntervalBar : public QWidget {
  Q_OBJECT
 public:
  // `words`: the same for who does not see it.
  IntervalBar(const Interval& interval, const QColor& colour, const Theme& theme, const QString& words,
              QWidget* parent = nullptr);
  [[nodiscard]] QSize sizeHint() const override { return {170, 22}; }
  [[nodiscard]] QSize minimumSizeHint() const override { return {120, 22}; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  Interval interval_;
  QColor colour_;
  Theme theme_;
};

// Draws the interval of a cell beside its text. The model gives an Interval for `interval_role`; cells without are as ever.
class IntervalDelegate : public QStyledItemDelegate {
  Q_OBJECT
 public:
  static constexpr int interval_role = Qt::UserRole + 7;
  IntervalDelegate(const ThemeController& theme, QObject* parent) : QStyledItemDelegate(parent), theme_(theme) {}
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
  [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;

 private:
  const ThemeController& theme_;
};

}  // namespace conclave::desktop

Q_DECLARE_METATYPE(conclave::desktop::Interval)
