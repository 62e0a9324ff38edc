// The services of a case: what each should be, what it was found to be and what answers there, and, while they are asked again,
// what is new.
#pragma once

#include <QAbstractTableModel>
#include <QCollator>
#include <QSortFilterProxyModel>
#include <QStringList>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "app/desktop/session.h"
#include "app/desktop/theme.h"
#include "engine/scan/history.h"
#include "engine/scan/probe/facts.h"
#include "engine/scan/scanner.h"

namespace conclave::desktop {

// GUI thread. Quick with 100,000 rows: what a cell says is made when it is asked for.
class ServiceTable : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column {
    name_column,
    target_column,
    expected_column,  // and what of it does not hold
    state_column,
    latency_column,
    answers_column,  // protocol, product and version
    tls_column,      // days until the certificate ends
    http_column,     // status and how long it took
    trend_column,    // latencies of the last scans, for SparklineDelegate, and their 95th percentile
    uptime_column,
    since_column,
    address_column,
    detail_column
  };
  static constexpr int column_count = detail_column + 1;
  // From so many days on a certificate is shown as one that ends soon, unless the case says how long it should hold.
  static constexpr int near_days = 14;

  struct Row {
    scan::Target target;
    std::optional<scan::State> state = {};  // none: not asked yet
    std::optional<double> latency_ms = {};
    QString address = {};
    QString detail = {};
    std::shared_ptr<const scan::Facts> facts = {};  // null: nobody talked with it
    QStringList unmet = {};                         // what should be and is not, beside the state; p95() aside
    bool asking = false;                            // again; state is the one before
    std::vector<scan::Observation> past = {};       // what the last scans found, oldest first
    std::optional<scan::History> history = {};      // of all that are remembered

    [[nodiscard]] scan::State expected() const { return target.expect.value_or(scan::State::open); }
    [[nodiscard]] std::optional<double> p95() const;
    [[nodiscard]] QStringList flaws() const;  // `unmet`, and of the 95th percentile
    [[nodiscard]] bool isAsExpected() const;
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
  void setPast(std::vector<Session::ServicePast> past);

  [[nodiscard]] const Row& at(int row) const { return rows_.at(static_cast<std::size_t>(row)); }
  [[nodiscard]] std::vector<scan::Target> targets() const;
  [[nodiscard]] Summary summary() const;
  [[nodiscard]] int find(const QString& nameOrTarget) const;  // -1: none
  // Whether any row has something to show there that the other columns do not show.
  [[nodiscard]] bool isUsed(int column) const;
  // How much the row wants to be seen: 0 is in the wrong state, the last is as expected.
  [[nodiscard]] static int urgency(const Row& row);
  [[nodiscard]] QString text(const Row& row, int column) const;
  // By which a column is sorted whose order is not that of its letters; nothing where there is nothing to compare.
  [[nodiscard]] static std::optional<double> rank(const Row& row, int column);
  [[nodiscard]] static bool isRanked(int column);

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  [[nodiscard]] QString tip(const Row& row, int column) const;
  [[nodiscard]] QVariant colour(const Row& row, int column) const;
  void allChanged();

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
  [[nodiscard]] const std::vector<QCollatorSortKey>& keysOf(int column) const;
  [[nodiscard]] const QString& lineOf(int row) const;

  ServiceTable& table_;
  QStringList words_;
  bool onlyUnexpected_ = false;
  QCollator asPeopleCount_;
  // The texts of a column that was sorted by, as the collator compares them: made once, for a sort asks for each many times.
  mutable std::vector<QCollatorSortKey> keys_;
  mutable int keysColumn_ = -1;  // -1: keys_ are of no column
  // All cells of rows that were filtered, folded, as long as there are words: typing on asks for each of them again.
  mutable std::vector<QString> lines_;
};

}  // namespace conclave::desktop
