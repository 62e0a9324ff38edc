// Who may be asked: the plugins of the catalogue, who is on, and what each said last.
#pragma once

#include <QAbstractTableModel>
#include <memory>
#include <vector>

#include "app/desktop/session.h"
#include "app/desktop/theme.h"
#include "scripting/plugin_catalog.h"

namespace conclave::desktop {

// Checked means: asked in the next consultation. GUI thread.
class ExpertList : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column {
    name_column,
    scope_column,
    trust_column,
    weight_column,
    record_column,
    result_column,
    seconds_column,
    column_count
  };

  struct Row {
    scripting::PluginInfo plugin;
    bool on = true;
    double weight = 1;
    nlohmann::json settings = nlohmann::json::object();
    std::optional<consensus::ExpertResponse> last = {};
    QString record = {};  // how often it was right, of what was judged; empty: nothing was
  };

  explicit ExpertList(const ThemeController& theme, QObject* parent = nullptr);

  // Experts of the catalogue, on and set as the case says; experts a case names by file are added.
  void show(const std::shared_ptr<const scripting::PluginCatalog>& catalog, const CasePtr& subject);
  void showResults(const std::vector<consensus::ExpertResponse>& responses);
  void showRecords(const JudgedPtr& judged);  // in questions such as the case's
  void setSettings(int row, nlohmann::json settings);
  [[nodiscard]] const Row& at(int row) const { return rows_.at(static_cast<std::size_t>(row)); }
  // By name, or by the path, relative to `base`, by which a case names it; -1: not there.
  [[nodiscard]] int rowOf(const scripting::PluginInfo& plugin, const std::filesystem::path& base) const;
  [[nodiscard]] std::vector<ExpertChoice> choices() const;  // those that are on

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] Qt::ItemFlags flags(const QModelIndex& index) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
  bool setData(const QModelIndex& index, const QVariant& value, int role) override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 Q_SIGNALS:
  void choiceEdited();  // by the user

 private:
  [[nodiscard]] QVariant text(const Row& row, int column) const;
  [[nodiscard]] QColor resultColour(const consensus::ExpertResponse& response) const;
  const ThemeController& theme_;
  consensus::Question question_;  // of the case shown: what its verdicts are worth
  std::vector<Row> rows_;
};

[[nodiscard]] QString trustText(scripting::Trust trust);

}  // namespace conclave::desktop
