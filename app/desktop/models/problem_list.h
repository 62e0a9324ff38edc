// The problems of one file, in order of place.
#pragma once

#include <QAbstractTableModel>
#include <vector>

#include "app/desktop/theme.h"
#include "engine/config/problem.h"

namespace conclave::desktop {

// GUI thread.
class ProblemList : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { severity_column, line_column, message_column, fix_column };
  static constexpr int column_count = fix_column + 1;

  explicit ProblemList(const ThemeController& theme, QObject* parent = nullptr);
  void show(std::vector<config::Problem> problems);
  [[nodiscard]] const config::Problem& at(int row) const { return problems_.at(static_cast<std::size_t>(row)); }
  [[nodiscard]] const std::vector<config::Problem>& all() const { return problems_; }

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  const ThemeController& theme_;
  std::vector<config::Problem> problems_;
};

}  // namespace conclave::desktop
