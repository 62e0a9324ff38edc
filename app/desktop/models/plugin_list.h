// Plugins, where each comes from, and whether it can be used.
#pragma once

#include <QAbstractTableModel>

#include "app/desktop/plugins.h"
#include "app/desktop/theme.h"

namespace conclave::desktop {

// GUI thread.
class PluginList : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { on_column, name_column, kind_column, version_column, from_column, state_column };
  static constexpr int column_count = state_column + 1;

  explicit PluginList(const ThemeController& theme, QObject* parent = nullptr);
  void show(std::vector<PluginRow> rows);
  [[nodiscard]] const PluginRow& at(int row) const { return rows_.at(static_cast<std::size_t>(row)); }
  [[nodiscard]] int rowOf(const std::filesystem::path& path) const;  // -1: not there

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
  [[nodiscard]] Qt::ItemFlags flags(const QModelIndex& index) const override;
  bool setData(const QModelIndex& index, const QVariant& value, int role) override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 Q_SIGNALS:
  // The user wants it so; who hears this makes it true, or shows the rows as they are.
  void switched(const QString& plugin, bool on);

 private:
  [[nodiscard]] QString text(const PluginRow& row, int column) const;
  [[nodiscard]] QString stateText(const PluginRow& row) const;
  const ThemeController& theme_;
  std::vector<PluginRow> rows_;
};

}  // namespace conclave::desktop
