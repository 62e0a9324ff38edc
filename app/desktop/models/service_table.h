// The services of a case: what each should be, what it was found to be, and, while they are asked again, what is new.
#pragma once

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "app/desktop/session.h"
#include "app/desktop/theme.h"
#include "engine/scan/history.h"
#include "engine/scan/scanner.h"

namespace conclave::desktop {

// GUI thread.
class ServiceTable : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column {
    name_column,
    target_column,
    expected_column,
    state_column,
    latency_column,
    trend_column,  // latencies of the last scans, for SparklineDelegate, and their 95th percentile
    uptime_column,
    since_column,
    address_column,
    detail_column
  };
  static constexpr int column_count = detail_column + 1;

  struct Row {
    scan::Target target;
    std::optional<scan::State> state = {};  // none: not asked yet
    std::optional<double> latency_ms = {};
    QString address = {};
    QString detail = {};
    bool asking = false;                        // again; state is the one before
    std::vector<scan::Observation> past = {};   // what scans found, oldest first
    std::optional<scan::History> history = {};  // the same in numbers

    [[nodiscard]] scan::State expected() const { return target.expect.value_or(scan::State::open); }
    [[nodiscard]] bool isAsExpected() const { return state == expected(); }
  };

  struct Summary {
    int rows = 0;
    int known = 0;  // asked, with an answer
    int asExpected = 0;
  };

  explicit ServiceTable(const ThemeController& theme, QObject* parent = nullptr);

  // From the evidence; before there is any from the report, and before that what the case names.
  void show(const CasePtr& subject, const GatheredPtr& gathered, const ReportPtr& report);
  void beginAsking();
  // Between those two: results of any of the targets, in any order; those the scan did not come to leave their rows as they are.
  void take(std::span<const scan::ScanResult> results);
  void endAsking();
  // What scans found before, one for each of targets().
  void setPast(std::vector<std::vector<scan::Observation>> past);

  [[nodiscard]] const Row& at(int row) const { return rows_.at(static_cast<std::size_t>(row)); }
  [[nodiscard]] std::vector<scan::Target> targets() const;
  [[nodiscard]] Summary summary() const;
  [[nodiscard]] int find(const QString& nameOrTarget) const;  // -1: none
  // How much the row wants to be seen: 0 is not as expected, the last is as expected.
  [[nodiscard]] static int urgency(const Row& row);
  [[nodiscard]] QString text(const Row& row, int column) const;

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  const ThemeController& theme_;
  std::vector<Row> rows_;
  std::unordered_multimap<std::string, int> asked_;  // rows by host:port while they are asked again
};

// Sorts by meaning (urgency for the state, numbers as numbers, names as people count) and filters by words of any column.
class ServiceOrder : public QSortFilterProxyModel {
  Q_OBJECT
 public:
  explicit ServiceOrder(ServiceTable& table, QObject* parent = nullptr);
  void setWords(const QString& words);  // every one of them must occur in the row
  void setOnlyUnexpected(bool only);

 protected:
  [[nodiscard]] bool filterAcceptsRow(int row, const QModelIndex& parent) const override;
  [[nodiscard]] bool lessThan(const QModelIndex& left, const QModelIndex& right) const override;

 private:
  ServiceTable& table_;
  QStringList words_;
  bool onlyUnexpected_ = false;
};

}  // namespace conclave::desktop
