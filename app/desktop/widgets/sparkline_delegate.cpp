#include "app/desktop/widgets/sparkline_delegate.h"

#include <QApplication>
#include <QPainter>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace conclave::desktop {

namespace {
constexpr int line_width = 90;  // pixels
constexpr int margin = 4;
constexpr double tick_height = 3;
}  // namespace

void SparklineDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  QStyleOptionViewItem cell = option;
  initStyleOption(&cell, index);
  const QString text = std::exchange(cell.text, QString());
  const QStyle* style = cell.widget ? cell.widget->style() : QApplication::style();
  style->drawControl(QStyle::CE_ItemViewItem, &cell, painter, cell.widget);  // background, selection and focus

  const auto values = index.data(values_role).value<QList<double>>();
  const bool selected = cell.state.testFlag(QStyle::State_Selected);
  const QColor textColour = cell.palette.color(selected ? QPalette::HighlightedText : QPalette::Text);
  const Theme& theme = theme_.theme();
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing);
  const QRectF box = QRectF(cell.rect).adjusted(margin, margin, 0, -margin);
  const double most = std::accumulate(values.begin(), values.end(), 0.0,
                                      [](double high, double each) { return std::isnan(each) ? high : std::max(high, each); });
  const double step = (line_width - margin) / static_cast<double>(std::max<qsizetype>(values.size() - 1, 1));
  const QColor line = selected ? textColour : theme.accent;
  QPolygonF run;
  const auto flush = [&] {
    painter->setPen(QPen(line, 1.4));
    if (run.size() == 1) painter->drawEllipse(run.front(), 0.7, 0.7);
    if (run.size() > 1) painter->drawPolyline(run);
    run.clear();
  };
  for (qsizetype i = 0; i < values.size(); ++i) {
    const double x = box.left() + step * static_cast<double>(i);
    if (std::isnan(values[i])) {
      flush();
      painter->setPen(QPen(selected ? textColour : theme.bad, 1.4));
      painter->drawLine(QPointF(x, box.bottom() - tick_height), QPointF(x, box.bottom()));
    } else {
      const double room = box.height() - tick_height - 1;
      run << QPointF(x, box.bottom() - tick_height - 1 - (most > 0 ? values[i] / most * room : 0));
    }
  }
  flush();
  painter->setPen(selected ? textColour : theme.muted);
  const QRect beside = cell.rect.adjusted(line_width + 2 * margin, 0, -margin, 0);
  painter->drawText(beside, Qt::AlignVCenter | Qt::AlignLeft, cell.fontMetrics.elidedText(text, Qt::ElideRight, beside.width()));
  painter->restore();
}

QSize SparklineDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
  const QSize text = QStyledItemDelegate::sizeHint(option, index);
  const bool empty = index.data(values_role).value<QList<double>>().isEmpty();
  return empty ? text : QSize(text.width() + line_width + 2 * margin, text.height());
}

}  // namespace conclave::desktop
