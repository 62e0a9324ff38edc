// Who agrees with whom: a square of cells, one row and column per expert, shaded and numbered, groups side by side and framed.
#pragma once

#include <QStringList>
#include <QWidget>
#include <vector>

#include "app/desktop/theme.h"

namespace conclave::desktop {

// Values in [0, 1]; a matrix that is not n x n for n names shows nothing. `groups` of names; who is in none stands alone. Arrow
// keys walk from pair to pair; the pair is said by currentText(), which is also what a screen reader hears.
class AgreementMap : public QWidget {
  Q_OBJECT
 public:
  AgreementMap(QStringList names, std::vector<std::vector<double>> values, const std::vector<QStringList>& groups,
               const Theme& theme, QWidget* parent = nullptr);
  [[nodiscard]] QSize sizeHint() const override;
  [[nodiscard]] QSize minimumSizeHint() const override { return sizeHint(); }
  // The pair of experts under a point; (-1, -1) outside the cells.
  [[nodiscard]] std::pair<int, int> cellAt(const QPoint& point) const;
  [[nodiscard]] const QStringList& names() const { return names_; }  // as they stand from top to bottom
  [[nodiscard]] QString currentText() const;                         // empty: no pair was chosen

 Q_SIGNALS:
  void currentChanged(const QString& text);

 protected:
  void paintEvent(QPaintEvent* event) override;
  bool event(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void focusInEvent(QFocusEvent* event) override;
  void focusOutEvent(QFocusEvent* event) override;

 private:
  void orderByGroups(const std::vector<QStringList>& groups);
  void choose(int row, int column);
  [[nodiscard]] int count() const { return static_cast<int>(names_.size()); }
  [[nodiscard]] int cell() const;  // px
  [[nodiscard]] int labelWidth() const;
  [[nodiscard]] QRect boxAt(int row, int column) const;
  [[nodiscard]] QString cellText(int row, int column) const;
  void paintGroups(QPainter& painter) const;
  QStringList names_;
  std::vector<std::vector<double>> values_;
  std::vector<int> groups_;  // by row: the index of its group
  Theme theme_;
  int row_ = -1;
  int column_ = -1;
};

}  // namespace conclave::desktop
