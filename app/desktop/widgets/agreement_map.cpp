#include "app/desktop/widgets/agreement_map.h"

#include <QAccessible>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>

namespace conclave::desktop {

namespace {
constexpr int largest_cell = 38;
constexpr int smallest_cell = 9;
constexpr int widest_square = 720;
constexpr int numbered_cell = 32;  // from which on a number fits in
constexpr int labelled_cell = 15;  // from which on a name fits beside
constexpr int head = 20;
constexpr int most_label_width = 190;
constexpr std::size_t most_words = 300;
}  // namespace

AgreementMap::AgreementMap(QStringList names, std::vector<std::vector<double>> values, const std::vector<QStringList>& groups,
                           const Theme& theme, QWidget* parent)
    : QWidget(parent), names_(std::move(names)), values_(std::move(values)), theme_(theme) {
  const auto size = static_cast<std::size_t>(names_.size());
  const bool square =
      values_.size() == size && std::all_of(values_.begin(), values_.end(), [&](const auto& row) { return row.size() == size; });
  if (!square) {
    names_.clear();
    values_.clear();
  }
  orderByGroups(groups);
  QStringList words;
  for (int row = 0; row < count(); ++row) {
    for (int column = row + 1; column < count() && static_cast<std::size_t>(words.size()) < most_words; ++column)
      words << cellText(row, column);
  }
  setAccessibleName(tr("Agreement"));
  setAccessibleDescription(words.join(QStringLiteral("; ")));
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  setFocusPolicy(Qt::StrongFocus);
}

// A name may be there twice: the first that is left over belongs to the first group that asks for it.
void AgreementMap::orderByGroups(const std::vector<QStringList>& groups) {
  std::vector<int> order;
  std::vector<bool> taken(static_cast<std::size_t>(count()), false);
  const auto take = [&](int at, int group) {
    taken[static_cast<std::size_t>(at)] = true;
    order.push_back(at);
    groups_.push_back(group);
  };
  int next = 0;
  for (const auto& group : groups) {
    for (const auto& name : group) {
      for (int at = 0; at < count(); ++at) {
        if (names_[at] != name || taken[static_cast<std::size_t>(at)]) continue;
        take(at, next);
        break;
      }
    }
    ++next;
  }
  for (int at = 0; at < count(); ++at) {
    if (!taken[static_cast<std::size_t>(at)]) take(at, next++);
  }
  const QStringList names = names_;
  const auto values = values_;
  for (int row = 0; row < count(); ++row) {
    const auto from = static_cast<std::size_t>(order[static_cast<std::size_t>(row)]);
    names_[row] = names[static_cast<int>(from)];
    for (int column = 0; column < count(); ++column)
      values_[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)] =
          values[from][static_cast<std::size_t>(order[static_cast<std::size_t>(column)])];
  }
}

int AgreementMap::cell() const {
  return count() == 0 ? largest_cell : std::clamp(widest_square / count(), smallest_cell, largest_cell);
}

int AgreementMap::labelWidth() const {
  if (cell() < labelled_cell) return 4;
  int width = 0;
  for (const auto& name : names_) width = std::max(width, fontMetrics().horizontalAdvance(name));
  return std::min(width, most_label_width) + 38;
}

QSize AgreementMap::sizeHint() const { return {labelWidth() + count() * cell() + 3, head + count() * cell() + 3}; }

QRect AgreementMap::boxAt(int row, int column) const {
  const int gap = cell() >= labelled_cell ? 2 : 0;
  return {labelWidth() + column * cell() + 1, head + row * cell() + 1, cell() - gap, cell() - gap};
}

std::pair<int, int> AgreementMap::cellAt(const QPoint& point) const {
  const int column = (point.x() - labelWidth()) / cell();
  const int row = (point.y() - head) / cell();
  if (point.x() < labelWidth() || point.y() < head || row >= count() || column >= count()) return {-1, -1};
  return {row, column};
}

QString AgreementMap::cellText(int row, int column) const {
  const double value = values_[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)];
  return tr("%1 and %2: %3").arg(names_[row], names_[column]).arg(value, 0, 'f', 2);
}

QString AgreementMap::currentText() const {
  if (row_ < 0 || column_ < 0) return {};
  if (row_ == column_) return names_[row_];
  const bool together = groups_[static_cast<std::size_t>(row_)] == groups_[static_cast<std::size_t>(column_)];
  return together ? tr("%1, in one group").arg(cellText(row_, column_)) : cellText(row_, column_);
}

void AgreementMap::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const int left = labelWidth();
  const int size = cell();
  for (int row = 0; row < count(); ++row) {
    if (size >= labelled_cell) {
      const QString name =
          QStringLiteral("%1  %2").arg(fontMetrics().elidedText(names_[row], Qt::ElideRight, most_label_width)).arg(row + 1);
      painter.setPen(theme_.text);
      painter.drawText(QRect(0, head + row * size, left - 8, size), Qt::AlignRight | Qt::AlignVCenter, name);
      painter.setPen(theme_.muted);
      painter.drawText(QRect(left + row * size, 0, size, head), Qt::AlignCenter, QString::number(row + 1));
    }
    for (int column = 0; column < count(); ++column) {
      const double value = std::clamp(values_[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)], 0.0, 1.0);
      const QRect box = boxAt(row, column);
      const QColor fill = theme_.tint(theme_.accent, 0.06 + 0.74 * value);
      painter.fillRect(box, fill);
      if (size < numbered_cell) continue;
      const bool darkFill = fill.lightnessF() < 0.55;
      painter.setPen(darkFill ? QColor(Qt::white) : QColor(0x10131a));
      painter.drawText(box, Qt::AlignCenter, row == column ? QStringLiteral("-") : QString::number(value, 'f', 2));
    }
  }
  paintGroups(painter);
  if (hasFocus() && row_ >= 0) {
    painter.setPen(QPen(theme_.text, 2));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(boxAt(row_, column_).adjusted(1, 1, -1, -1));
  }
}

void AgreementMap::paintGroups(QPainter& painter) const {
  painter.setPen(QPen(theme_.text, 1.5));
  painter.setBrush(Qt::NoBrush);
  for (int first = 0; first < count();) {
    int last = first;
    while (last + 1 < count() && groups_[static_cast<std::size_t>(last) + 1] == groups_[static_cast<std::size_t>(first)]) ++last;
    if (last > first) painter.drawRect(boxAt(first, first).united(boxAt(last, last)).adjusted(-1, -1, 0, 0));
    first = last + 1;
  }
}

void AgreementMap::choose(int row, int column) {
  if (count() == 0) return;
  row_ = std::clamp(row, 0, count() - 1);
  column_ = std::clamp(column, 0, count() - 1);
  setAccessibleName(tr("Agreement: %1").arg(currentText()));
  QAccessibleEvent changed(this, QAccessible::NameChanged);
  QAccessible::updateAccessibility(&changed);
  update();
  Q_EMIT currentChanged(currentText());
}

void AgreementMap::keyPressEvent(QKeyEvent* event) {
  switch (event->key()) {
    case Qt::Key_Left:
      return choose(row_, column_ - 1);
    case Qt::Key_Right:
      return choose(row_, column_ + 1);
    case Qt::Key_Up:
      return choose(row_ - 1, column_);
    case Qt::Key_Down:
      return choose(row_ + 1, column_);
    default:
      return QWidget::keyPressEvent(event);
  }
}

void AgreementMap::mousePressEvent(QMouseEvent* event) {
  const auto [row, column] = cellAt(event->pos());
  if (row >= 0) choose(row, column);
}

void AgreementMap::focusInEvent(QFocusEvent* event) {
  QWidget::focusInEvent(event);
  if (row_ < 0 && event->reason() != Qt::MouseFocusReason) choose(0, 1);
  update();
}

void AgreementMap::focusOutEvent(QFocusEvent* event) {
  QWidget::focusOutEvent(event);
  update();
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
