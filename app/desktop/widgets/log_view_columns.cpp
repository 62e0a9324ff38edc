// Lines of structured logs set in columns, with the names of these above them.
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>

#include "app/desktop/widgets/log_view.h"
#include "app/desktop/widgets/log_view_layout.h"

namespace conclave::desktop {

namespace {
constexpr int header_padding = 4;
}  // namespace

class LogView::Header : public QWidget {
 public:
  explicit Header(LogView& view) : QWidget(&view), view_(view) {
    setCursor(Qt::PointingHandCursor);
    setToolTip(LogView::tr("Click to choose columns"));
    setAccessibleName(LogView::tr("Columns"));
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    const Theme& theme = view_.theme_;
    painter.fillRect(rect(), theme.raised);
    painter.fillRect(0, height() - 1, width(), 1, theme.border);
    if (!view_.columns_) return;
    const int gutter = view_.gutterWidth();
    painter.setClipRect(gutter, 0, width() - gutter, height());
    painter.setFont(view_.font());
    painter.setPen(theme.muted);
    const double left = gutter + side_margin - view_.horizontalScrollBar()->value();
    for (const auto& column : view_.columns_->columns()) {
      const QRectF place(left + column.begin * view_.cell_, 0, width(), height());
      painter.drawText(place, Qt::AlignLeft | Qt::AlignVCenter, column.name);
    }
  }
  void mousePressEvent(QMouseEvent* event) override { Q_EMIT view_.columnsRequested(event->globalPosition().toPoint()); }

 private:
  LogView& view_;
};

void LogView::setColumns(const LogColumnsPtr& columns) {
  columns_ = columns;
  if (columns_ && !header_) header_ = new Header(*this);
  widest_ = 0;
  anchor_.column = current_.column = 0;  // the characters are others
  placeHeader();
  refreshBars();
  viewport()->update();
}

void LogView::placeHeader() {
  if (!header_) return;
  const int height = columns_ ? rowHeight_ + 2 * header_padding : 0;
  setViewportMargins(0, height, 0, 0);
  header_->setVisible(height > 0);
  header_->setGeometry(viewport()->x(), viewport()->y() - height, viewport()->width(), height);
  header_->update();
}

LineText LogView::textOf(quint64 line) const {
  const std::string letters = text_.letters(text_.line(line, most_shown_bytes));
  if (const auto cells = columns_ ? columns_->row(letters) : std::nullopt) return lineText(cells->text.toStdString());
  return lineText(letters);
}

}  // namespace conclave::desktop
