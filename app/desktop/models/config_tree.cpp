#include "app/desktop/models/config_tree.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "app/desktop/models/secrets.h"
#include "app/desktop/text.h"
#include "engine/config/path.h"

namespace conclave::desktop {

struct ConfigTree::Node {
  Node* parent = nullptr;
  int row = 0;
  std::string key;    // "memory_mb", "[0]"
  bool item = false;  // of a list
  std::string path;   // whole
  std::string value;
  std::string masked;
  int line = 0;  // of the value; of a list or map that of its first value
  std::optional<config::Severity> worst;
  QStringList problems;
  std::vector<std::unique_ptr<Node>> children;
};

ConfigTree::ConfigTree(const ThemeController& theme, QObject* parent)
    : QAbstractItemModel(parent), theme_(theme), root_(std::make_unique<Node>()) {}

ConfigTree::~ConfigTree() = default;

void ConfigTree::show(const EvidencePtr& evidence, const QString& file, const std::vector<config::Problem>& problems) {
  beginResetModel();
  root_ = std::make_unique<Node>();
  byLine_.clear();
  const std::string wanted = file.toStdString();
  const auto lines = evidence ? evidence->integers("values.line") : std::span<const std::int64_t>();
  std::unordered_map<std::string, Node*> known;
  std::vector<Node*> leaves;
  for (std::size_t row = 0; row < lines.size(); ++row) {
    if (evidence->text("values.file", row) != wanted) continue;
    Node* at = root_.get();
    for (const config::PathStep& step : config::steps_of(evidence->text("values.path", row))) {
      auto& child = known[step.path];
      if (!child) {
        auto fresh = std::make_unique<Node>();
        fresh->parent = at;
        fresh->row = static_cast<int>(at->children.size());
        fresh->key = step.key;
        fresh->path = step.path;
        fresh->item = step.item;
        fresh->line = static_cast<int>(lines[row]);
        child = fresh.get();
        at->children.push_back(std::move(fresh));
      }
      at = child;
    }
    at->value = evidence->text("values.value", row);
    leaves.push_back(at);
    byLine_.try_emplace(at->line, at);
  }
  std::vector<std::pair<std::string_view, std::string_view>> values;
  values.reserve(leaves.size());
  for (const Node* leaf : leaves) values.emplace_back(leaf->path, leaf->value);
  auto masked = maskedValues(values);
  for (std::size_t leaf = 0; leaf < leaves.size(); ++leaf) leaves[leaf]->masked = std::move(masked[leaf]);
  mark(problems);
  endResetModel();
}

// A problem belongs to the value that stands on its line, and shows on everything above, so that a folded tree does not hide it.
void ConfigTree::mark(const std::vector<config::Problem>& problems) {
  for (const auto& problem : problems) {
    const auto found = byLine_.find(problem.location.line);
    if (found == byLine_.end()) continue;
    Node* node = found->second;
    node->problems << qtText(problem.message) + (problem.fix.empty() ? QString() : QLatin1Char('\n') + qtText(problem.fix));
    for (; node && node != root_.get(); node = node->parent)
      node->worst = node->worst ? std::max(*node->worst, problem.severity) : problem.severity;
  }
}

void ConfigTree::setSecretsShown(bool shown) {
  if (secretsShown_ == shown) return;
  Q_EMIT layoutAboutToBeChanged();
  secretsShown_ = shown;
  Q_EMIT layoutChanged();
}

const ConfigTree::Node& ConfigTree::nodeOf(const QModelIndex& index) const {
  return index.isValid() ? *static_cast<const Node*>(index.internalPointer()) : *root_;
}

QModelIndex ConfigTree::indexOf(const Node* node) const {
  return node == root_.get() ? QModelIndex() : createIndex(node->row, 0, node);
}

int ConfigTree::lineAt(const QModelIndex& index) const { return nodeOf(index).line; }

QString ConfigTree::pathAt(const QModelIndex& index) const { return qtText(nodeOf(index).path); }

QModelIndex ConfigTree::indexOfLine(int line) const {
  const auto after = byLine_.upper_bound(line);
  return after == byLine_.begin() ? QModelIndex() : indexOf(std::prev(after)->second);
}

QModelIndex ConfigTree::index(int row, int column, const QModelIndex& parent) const {
  if (!hasIndex(row, column, parent)) return {};
  return createIndex(row, column, nodeOf(parent).children[static_cast<std::size_t>(row)].get());
}

QModelIndex ConfigTree::parent(const QModelIndex& index) const {
  return index.isValid() ? indexOf(nodeOf(index).parent) : QModelIndex();
}

int ConfigTree::rowCount(const QModelIndex& parent) const {
  return parent.column() > 0 ? 0 : static_cast<int>(nodeOf(parent).children.size());
}

int ConfigTree::columnCount(const QModelIndex& parent) const { return parent.column() > 0 ? 0 : column_count; }

QVariant ConfigTree::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const Node& node = nodeOf(index);
  const Theme& theme = theme_.theme();
  switch (role) {
    case Qt::DisplayRole:
      if (index.column() == key_column) return qtText(node.key);
      if (index.column() == line_column) return node.line > 0 && node.children.empty() ? QVariant(node.line) : QVariant();
      if (node.children.empty()) return qtText(secretsShown_ ? node.value : node.masked).simplified().left(500);
      // A member of a list is known by its name.
      for (const auto& child : node.children) {
        if (child->key == "name") return qtText(child->masked);
      }
      return {};
    case Qt::ToolTipRole:
      return node.problems.isEmpty() ? qtText(node.path) : node.problems.join(QLatin1String("\n\n"));
    case Qt::DecorationRole:
      return index.column() == key_column && node.worst ? QVariant(theme.severity(*node.worst)) : QVariant();
    case Qt::ForegroundRole:
      if (!node.problems.isEmpty() && index.column() != line_column) return theme.severity(*node.worst);
      if (index.column() == key_column && !node.item) return {};
      return index.column() == value_column && node.children.empty() ? QVariant() : QVariant(theme.muted);
    case Qt::TextAlignmentRole:
      return QVariant::fromValue((index.column() == line_column ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    default:
      return {};
  }
}

QVariant ConfigTree::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
  if (section == key_column) return tr("Key");
  return section == value_column ? tr("Value") : section == line_column ? tr("Line") : QVariant();
}

}  // namespace conclave::desktop
