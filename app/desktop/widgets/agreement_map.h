// Who agrees with whom: a square of cells, one row and column per expert, shaded and numbered.
#pragma once

#include <QStringList>
#include <QWidget>
#include <vector>

#include "app/desktop/theme.h"

namespace conclave::desktop {

// Values in [0, 1]; a matrix that is not n x n for n names shows nothing.
class AgreementMap : public QWidget {
  Q_OBJECT
 public:
  AgreementMap(QStringList names, std::vector<std::vector<double>> values, const Theme& theme, QWidget* parent = nullptr);
  [[nodiscard]] QSize sizeHint() const override;
  [[nodiscard]] QSize minimumSizeHint() const override { return sizeHint(); }
  // The pair of experts under a point; (-1, -1) outside the cells.
  [[nodiscard]] std::pair<int, int> cellAt(const QPoint& point) const;

 protected:
  void paintEvent(QPaintEvent* event) override;
  bool event(QEvent* event) override;

 private:
  [[nodiscard]] int labelWidth() const;
  [[nodiscard]] QString cellText(int row, int column) const;
  QStringList names_;
  std::vector<std::vector<double>> values_;
  Theme theme_;
};

}  // namespace conclave::desktop
