// One configuration file as the evidence has it: keys, values and lines as a tree.
#pragma once

#include <QAbstractItemModel>
#include <map>
#include <memory>
#include <vector>

#include "app/desktop/theme.h"
#include "engine/case/evidence.h"
#include "engine/config/problem.h"

namespace conclave::desktop {

// Needs no file: what was gathered is shown also when the file is gone. GUI thread.
class ConfigTree : public QAbstractItemModel {
  Q_OBJECT
 public:
  enum Column { key_column, value_column, line_column };
  static constexpr int column_count = line_column + 1;

  explicit ConfigTree(const ThemeController& theme, QObject* parent = nullptr);
  ~ConfigTree() override;

  // The values of `file`, and its problems to mark keys with. A null pointer empties the tree.
  void show(const EvidencePtr& evidence, const QString& file, const std::vector<config::Problem>& problems);
  void setSecretsShown(bool shown);
  [[nodiscard]] int lineAt(const QModelIndex& index) const;      // 1-based, 0: none
  [[nodiscard]] QModelIndex indexOfLine(int line) const;         // the last key that begins at or before it
  [[nodiscard]] QString pathAt(const QModelIndex& index) const;  // "services[1].ports[0]"

  [[nodiscard]] QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
  [[nodiscard]] QModelIndex parent(const QModelIndex& index) const override;
  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  struct Node;
  [[nodiscard]] const Node& nodeOf(const QModelIndex& index) const;
  [[nodiscard]] QModelIndex indexOf(const Node* node) const;
  void mark(const std::vector<config::Problem>& problems);

  const ThemeController& theme_;
  std::unique_ptr<Node> root_;
  std::map<int, Node*> byLine_;  // the first scalar of each line
  bool secretsShown_ = false;
};

}  // namespace conclave::desktop
