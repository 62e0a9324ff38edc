#include "app/desktop/models/service_table.h"

#include <QCollator>
#include <QLocale>
#include <algorithm>
#include <cmath>
#include <tuple>

#include "app/desktop/text.h"
#include "app/desktop/widgets/sparkline_delegate.h"

namespace conclave::desktop {

namespace {

std::string addressOf(const scan::Target& target) {
  const bool v6 = target.host.find(':') != std::string::npos;
  return (v6 ? '[' + target.host + ']' : target.host) + ':' + std::to_string(target.port);
}

std::vector<ServiceTable::Row> rowsOf(const Evidence& evidence) {
  std::vector<ServiceTable::Row> rows;
  const auto ports = evidence.integers("services.port");
  const auto latencies = evidence.numbers("services.latency_ms");
  for (std::size_t row = 0; row < evidence.rows("services.name"); ++row) {
    ServiceTable::Row service;
    service.target.name = evidence.text("services.name", row);
    service.target.host = evidence.text("services.host", row);
    service.target.port = row < ports.size() ? static_cast<std::uint16_t>(ports[row]) : std::uint16_t{0};
    service.target.expect = scan::state_from_name(evidence.text("services.expect", row));
    service.state = scan::state_from_name(evidence.text("services.state", row));
    if (row < latencies.size() && !std::isnan(latencies[row])) service.latency_ms = latencies[row];
    service.address = qtText(evidence.text("services.address", row));
    service.detail = qtText(evidence.text("services.detail", row));
    rows.push_back(std::move(service));
  }
  return rows;
}

constexpr std::size_t scans_shown = 40;

QString milliseconds(const std::optional<double>& latency) {
  if (!latency) return {};
  return ServiceTable::tr("%1 ms").arg(*latency, 0, 'f', *latency < 10 ? 2 : 0);
}

QList<double> trendOf(const ServiceTable::Row& row) {
  QList<double> values;
  const std::size_t first = row.past.size() - std::min(row.past.size(), scans_shown);
  for (std::size_t i = first; i < row.past.size(); ++i) {
    const auto& each = row.past[i];
    if (each.state == scan::State::local_error || each.state == scan::State::cancelled) continue;
    values << (each.state == scan::State::open && each.latency_ms ? *each.latency_ms : std::nan(""));
  }
  return values;
}

QString uptimeText(const scan::History& history) {
  const QString share = ServiceTable::tr("%1 % of %2").arg(history.uptime * 100, 0, 'f', 1).arg(history.scans);
  return history.flapping ? ServiceTable::tr("%1, flapping").arg(share) : share;
}

QString sinceText(const scan::History& history) {
  const QString time = timeText(history.since);
  if (history.since_known)
    return history.up ? ServiceTable::tr("up since %1").arg(time) : ServiceTable::tr("down since %1").arg(time);
  return history.up ? ServiceTable::tr("up since before %1").arg(time) : ServiceTable::tr("down since before %1").arg(time);
}

QString pastTip(const scan::History& history) {
  QStringList lines = {
      counted(history.scans, "scan", "scans") + ServiceTable::tr(" since %1").arg(timeText(history.first)),
      counted(history.changes, "change", "changes") +
          ServiceTable::tr(" between up and down, %1 % in the last 21 scans").arg(history.flap_percent, 0, 'f', 1)};
  if (history.p50_ms)
    lines << ServiceTable::tr("latency p50 %1, p95 %2, p99 %3")
                 .arg(milliseconds(history.p50_ms), milliseconds(history.p95_ms), milliseconds(history.p99_ms));
  return lines.join(QLatin1Char('\n'));
}

// A report is a file from anywhere: what does not fit is left out.
std::vector<ServiceTable::Row> rowsOf(const nlohmann::json& services) {
  std::vector<ServiceTable::Row> rows;
  if (!services.is_array()) return rows;
  for (const auto& entry : services) {
    if (!entry.is_object()) continue;
    const auto word = [&](const char* key) {
      const auto found = entry.find(key);
      return found != entry.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    const auto targets = scan::parse_targets(word("target"));
    if (!targets || targets->size() != 1) continue;
    ServiceTable::Row service;
    service.target = targets->front();
    if (const auto name = word("name"); !name.empty()) service.target.name = name;
    service.target.expect = scan::state_from_name(word("expect"));
    service.state = scan::state_from_name(word("state"));
    if (const auto latency = entry.find("latency_ms"); latency != entry.end() && latency->is_number())
      service.latency_ms = latency->get<double>();
    service.address = qtText(word("address"));
    service.detail = qtText(word("detail"));
    rows.push_back(std::move(service));
  }
  return rows;
}

}  // namespace

ServiceTable::ServiceTable(const ThemeController& theme, QObject* parent) : QAbstractTableModel(parent), theme_(theme) {
  connect(&theme, &ThemeController::changed, this, [this] {
    if (!rows_.empty()) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, column_count - 1));
  });
}

void ServiceTable::show(const CasePtr& subject, const GatheredPtr& gathered, const ReportPtr& report) {
  beginResetModel();
  rows_.clear();
  asked_.clear();
  if (gathered && gathered->evidence) {
    rows_ = rowsOf(*gathered->evidence);
  } else if (report) {
    rows_ = rowsOf(report->services);
  } else if (subject) {
    for (const auto& target : subject->services) rows_.push_back({target});
  }
  endResetModel();
}

void ServiceTable::beginAsking() {
  asked_.clear();
  for (int number = 0; number < rowCount(); ++number) {
    Row& row = rows_[static_cast<std::size_t>(number)];
    row.asking = true;
    asked_.emplace(addressOf(row.target), number);
  }
  if (!rows_.empty()) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, column_count - 1));
}

void ServiceTable::take(std::span<const scan::ScanResult> results) {
  int first = rowCount();
  int last = -1;
  for (const auto& result : results) {
    if (result.state == scan::State::cancelled) continue;
    const auto [begin, end] = asked_.equal_range(addressOf(result.target));
    for (auto found = begin; found != end; ++found) {
      Row& row = rows_[static_cast<std::size_t>(found->second)];
      row.state = result.state;
      row.latency_ms = result.latency_ms;
      row.address = qtText(result.address);
      row.detail = qtText(result.detail);
      row.asking = false;
      first = std::min(first, found->second);
      last = std::max(last, found->second);
    }
  }
  if (last >= 0) Q_EMIT dataChanged(index(first, 0), index(last, column_count - 1));
}

void ServiceTable::endAsking() {
  asked_.clear();
  for (auto& row : rows_) row.asking = false;
  if (!rows_.empty()) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, column_count - 1));
}

void ServiceTable::setPast(std::vector<std::vector<scan::Observation>> past) {
  for (std::size_t i = 0; i < std::min(past.size(), rows_.size()); ++i) {
    rows_[i].history = scan::history_of(past[i]);
    rows_[i].past = std::move(past[i]);
  }
  if (!rows_.empty()) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, column_count - 1));
}

std::vector<scan::Target> ServiceTable::targets() const {
  std::vector<scan::Target> targets;
  for (const auto& row : rows_) targets.push_back(row.target);
  return targets;
}

ServiceTable::Summary ServiceTable::summary() const {
  Summary summary{rowCount()};
  for (const auto& row : rows_) {
    summary.known += row.state && row.state != scan::State::cancelled ? 1 : 0;
    summary.asExpected += row.isAsExpected() ? 1 : 0;
  }
  return summary;
}

int ServiceTable::find(const QString& nameOrTarget) const {
  const std::string wanted = nameOrTarget.toStdString();
  for (int row = 0; row < rowCount(); ++row) {
    if (at(row).target.name == wanted) return row;
  }
  for (int row = 0; row < rowCount(); ++row) {
    if (addressOf(at(row).target) == wanted) return row;
  }
  return -1;
}

int ServiceTable::urgency(const Row& row) {
  if (row.isAsExpected()) return 4;
  if (!row.state || row.state == scan::State::cancelled) return 3;
  if (row.state == scan::State::local_error) return 2;
  return row.state == scan::State::suspect ? 1 : 0;
}

int ServiceTable::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : static_cast<int>(rows_.size()); }

int ServiceTable::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : column_count; }

QString ServiceTable::text(const Row& row, int column) const {
  switch (column) {
    case name_column:
      return qtText(row.target.name);
    case target_column:
      return qtText(addressOf(row.target));
    case expected_column:
      return qtText(scan::state_name(row.expected()));
    case state_column:
      if (row.asking) return tr("asking ...");
      return row.state ? qtText(scan::state_name(*row.state)).replace(QLatin1Char('_'), QLatin1Char(' ')) : tr("not asked yet");
    case latency_column:
      return milliseconds(row.latency_ms);
    case trend_column:
      return row.history && row.history->p95_ms ? tr("p95 %1").arg(milliseconds(row.history->p95_ms)) : QString();
    case uptime_column:
      return row.history ? uptimeText(*row.history) : QString();
    case since_column:
      return row.history ? sinceText(*row.history) : QString();
    case address_column:
      return row.address;
    case detail_column:
      return row.detail;
    default:
      return {};
  }
}

QVariant ServiceTable::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const Row& row = at(index.row());
  const Theme& theme = theme_.theme();
  const bool unasked = row.asking || !row.state;
  switch (role) {
    case Qt::DisplayRole:
      return text(row, index.column());
    case Qt::ToolTipRole:
      if (index.column() == state_column && row.state && !unasked)
        return row.isAsExpected() ? tr("As expected") : tr("Expected %1").arg(text(row, expected_column));
      if (row.history && index.column() >= trend_column && index.column() <= since_column) return pastTip(*row.history);
      return text(row, index.column());
    case SparklineDelegate::values_role:
      return index.column() == trend_column ? QVariant::fromValue(trendOf(row)) : QVariant();
    case Qt::ForegroundRole:
      if (index.column() == uptime_column && row.history && row.history->flapping) return theme.fair;
      if (index.column() == state_column) return unasked ? theme.muted : theme.state(*row.state, row.expected());
      if (index.column() == name_column) return {};
      return theme.muted;
    // A colour, which the view draws as a dot.
    case Qt::DecorationRole:
      if (index.column() == expected_column && !unasked && row.state != scan::State::cancelled)
        return row.isAsExpected() ? theme_.icon(QStringLiteral("good"), theme.good)
                                  : theme_.icon(QStringLiteral("bad"), theme.bad);
      if (index.column() != state_column) return {};
      return unasked ? theme.border : theme.state(*row.state, row.expected());
    default:
      return {};
  }
}

QVariant ServiceTable::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= column_count) return {};
  if (role == Qt::TextAlignmentRole) return QVariant::fromValue(Qt::AlignLeft | Qt::AlignVCenter);
  if (role != Qt::DisplayRole) return {};
  static const char* const titles[column_count] = {
      QT_TR_NOOP("Service"),    QT_TR_NOOP("Target"), QT_TR_NOOP("Expected"), QT_TR_NOOP("State"),   QT_TR_NOOP("Latency"),
      QT_TR_NOOP("Last scans"), QT_TR_NOOP("Uptime"), QT_TR_NOOP("Since"),    QT_TR_NOOP("Address"), QT_TR_NOOP("Detail")};
  return tr(titles[section]);
}

ServiceOrder::ServiceOrder(ServiceTable& table, QObject* parent) : QSortFilterProxyModel(parent), table_(table) {
  setSourceModel(&table);
}

void ServiceOrder::setWords(const QString& words) {
  words_ = words.split(QLatin1Char(' '), Qt::SkipEmptyParts);
  invalidateFilter();
}

void ServiceOrder::setOnlyUnexpected(bool only) {
  onlyUnexpected_ = only;
  invalidateFilter();
}

bool ServiceOrder::filterAcceptsRow(int row, const QModelIndex&) const {
  const auto& service = table_.at(row);
  if (onlyUnexpected_ && service.isAsExpected()) return false;
  return std::all_of(words_.begin(), words_.end(), [&](const QString& word) {
    for (int column = 0; column < ServiceTable::column_count; ++column) {
      if (table_.text(service, column).contains(word, Qt::CaseInsensitive)) return true;
    }
    return false;
  });
}

bool ServiceOrder::lessThan(const QModelIndex& left, const QModelIndex& right) const {
  const auto& a = table_.at(left.row());
  const auto& b = table_.at(right.row());
  if (left.column() == ServiceTable::latency_column) {
    return std::tuple(!a.latency_ms, a.latency_ms.value_or(0), left.row()) <
           std::tuple(!b.latency_ms, b.latency_ms.value_or(0), right.row());
  }
  const auto by = [&](const auto& number) {
    return std::tuple(!a.history, a.history ? number(*a.history) : 0.0, left.row()) <
           std::tuple(!b.history, b.history ? number(*b.history) : 0.0, right.row());
  };
  if (left.column() == ServiceTable::trend_column)
    return by([](const scan::History& each) { return each.p95_ms.value_or(1e300); });
  if (left.column() == ServiceTable::uptime_column) return by([](const scan::History& each) { return each.uptime; });
  if (left.column() == ServiceTable::since_column)
    return by([](const scan::History& each) { return static_cast<double>(each.since); });
  if (left.column() == ServiceTable::state_column) {
    const int first = ServiceTable::urgency(a);
    const int second = ServiceTable::urgency(b);
    if (first != second) return first < second;
  }
  // A named language, since the C locale cannot count.
  static const QCollator as_people_count = [] {
    QCollator collator{QLocale(QLocale::English)};
    collator.setNumericMode(true);
    collator.setCaseSensitivity(Qt::CaseInsensitive);
    return collator;
  }();
  const int order = as_people_count.compare(table_.text(a, left.column()), table_.text(b, left.column()));
  return order != 0 ? order < 0 : left.row() < right.row();
}

}  // namespace conclave::desktop
