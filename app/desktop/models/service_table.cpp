#include "app/desktop/models/service_table.h"

#include <QLocale>
#include <algorithm>
#include <cmath>
#include <tuple>

#include "app/desktop/models/service_words.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/sparkline_delegate.h"
#include "engine/scan/differences.h"
#include "engine/scan/probe/needs.h"

namespace conclave::desktop {

namespace {

std::string addressOf(const scan::Target& target) {
  const bool v6 = target.host.find(':') != std::string::npos;
  return (v6 ? '[' + target.host + ']' : target.host) + ':' + std::to_string(target.port);
}

std::shared_ptr<const scan::Facts> factsOf(const nlohmann::json& in) {
  auto facts = scan::facts_from_json(in);
  return facts ? std::make_shared<const scan::Facts>(std::move(*facts)) : nullptr;
}

QStringList listOf(std::string_view one) { return one.empty() ? QStringList() : QStringList(qtText(one)); }

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
    if (const auto facts = evidence.text("services.facts", row); !facts.empty())
      service.facts = factsOf(nlohmann::json::parse(facts, nullptr, false));
    service.unmet = listOf(evidence.text("services.unmet", row));
    rows.push_back(std::move(service));
  }
  return rows;
}

QList<double> trendOf(const ServiceTable::Row& row) {
  QList<double> values;
  for (const auto& each : row.past) {
    if (each.state == scan::State::local_error || each.state == scan::State::cancelled) continue;
    values << (each.state == scan::State::open && each.latency_ms ? *each.latency_ms : std::nan(""));
  }
  return values;
}

bool needsMore(const scan::Target& target) { return target.needs && !target.needs->empty(); }

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
    service.facts = factsOf(entry);
    service.unmet = listOf(word("unmet"));
    rows.push_back(std::move(service));
  }
  return rows;
}

}  // namespace

std::optional<double> ServiceTable::Row::p95() const {
  if (history) return history->p95_ms;
  return state == scan::State::open ? latency_ms : std::nullopt;
}

QStringList ServiceTable::Row::flaws() const {
  QStringList out = unmet;
  if (state == expected())
    if (const auto flaw = scan::p95_flaw(target.p95_ms, p95()); !flaw.empty()) out << qtText(flaw);
  return out;
}

bool ServiceTable::Row::isAsExpected() const {
  return state == expected() && unmet.isEmpty() && (!target.p95_ms || scan::p95_flaw(target.p95_ms, p95()).empty());
}

ServiceTable::ServiceTable(const ThemeController& theme, QObject* parent) : QAbstractTableModel(parent), theme_(theme) {
  connect(&theme, &ThemeController::changed, this, &ServiceTable::allChanged);
}

void ServiceTable::allChanged() {
  if (!rows_.empty()) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, column_count - 1));
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
  allChanged();
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
      row.target.probe = result.target.probe;
      row.target.needs = result.target.needs;
      row.target.p95_ms = result.target.p95_ms;
      row.facts = result.facts;
      row.unmet.clear();
      if (result.facts)
        for (const std::string& flaw : result.facts->unmet) row.unmet << qtText(flaw);
      if (!result.facts && result.state == scan::State::open && needsMore(result.target)) row.unmet << tr("not asked yet");
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
  allChanged();
}

void ServiceTable::setPast(std::vector<Session::ServicePast> past) {
  for (std::size_t i = 0; i < std::min(past.size(), rows_.size()); ++i) {
    rows_[i].history = past[i].history;
    rows_[i].past = std::move(past[i].newest);
  }
  allChanged();
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

bool ServiceTable::isUsed(int column) const {
  return std::any_of(rows_.begin(), rows_.end(), [column](const Row& row) {
    switch (column) {
      case answers_column:
        return row.facts != nullptr;
      case tls_column:
        return row.facts && row.facts->tls;
      case http_column:
        return row.facts && row.facts->http;
      case trend_column:
      case uptime_column:
      case since_column:
        return row.history.has_value();
      case address_column:
        return !row.address.isEmpty() && row.address != qtText(row.target.host);
      default:
        return true;
    }
  });
}

int ServiceTable::urgency(const Row& row) {
  if (row.isAsExpected()) return 5;
  if (!row.state || row.state == scan::State::cancelled) return 4;
  if (row.state == scan::State::local_error) return 3;
  if (row.state == scan::State::suspect) return 2;
  return row.state == row.expected() ? 1 : 0;
}

bool ServiceTable::isRanked(int column) {
  switch (column) {
    case state_column:
    case latency_column:
    case tls_column:
    case http_column:
    case trend_column:
    case uptime_column:
    case since_column:
      return true;
    default:
      return false;
  }
}

std::optional<double> ServiceTable::rank(const Row& row, int column) {
  const scan::Tls* tls = row.facts && row.facts->tls ? &*row.facts->tls : nullptr;
  const scan::Http* http = row.facts && row.facts->http ? &*row.facts->http : nullptr;
  switch (column) {
    case state_column: {
      constexpr int states = static_cast<int>(scan::State::suspect) + 1;
      const int state = row.state ? static_cast<int>(*row.state) : states;
      return urgency(row) * (states + 1) + states - state;
    }
    case latency_column:
      return row.latency_ms;
    case tls_column:
      return tls == nullptr ? std::nullopt : std::optional(tls->days_left ? static_cast<double>(*tls->days_left) : -1e9);
    case http_column:  // by status, and then by time
      return http == nullptr ? std::nullopt : std::optional(http->status * 1e9 + http->total_ms);
    case trend_column:
      return row.history ? row.history->p95_ms : std::nullopt;
    case uptime_column:
      return row.history ? std::optional(row.history->uptime) : std::nullopt;
    case since_column:
      return row.history ? std::optional(static_cast<double>(row.history->since)) : std::nullopt;
    default:
      return std::nullopt;
  }
}

int ServiceTable::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : static_cast<int>(rows_.size()); }

int ServiceTable::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : column_count; }

QString ServiceTable::text(const Row& row, int column) const {
  switch (column) {
    case name_column:
      return qtText(row.target.name);
    case target_column:
      return qtText(addressOf(row.target));
    case expected_column: {
      const QString state = stateText(row.expected());
      const QStringList flaws = row.asking ? QStringList() : row.flaws();
      if (flaws.isEmpty()) return state;
      const QString rest = flaws.size() > 1 ? tr(" (and %1 more)").arg(flaws.size() - 1) : QString();
      return tr("%1, but %2%3").arg(state, flaws.front(), rest);
    }
    case state_column:
      if (row.asking) return tr("asking ...");
      return row.state ? stateText(*row.state) : tr("not asked yet");
    case latency_column:
      return millisecondsText(row.latency_ms);
    case answers_column:
      return row.facts ? answersText(row.facts->service) : QString();
    case tls_column:
      return row.facts && row.facts->tls ? expiryText(*row.facts->tls) : QString();
    case http_column:
      return row.facts && row.facts->http ? answerText(*row.facts->http) : QString();
    case trend_column:
      return row.history && row.history->p95_ms ? tr("p95 %1").arg(millisecondsText(row.history->p95_ms)) : QString();
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

QString ServiceTable::tip(const Row& row, int column) const {
  switch (column) {
    case expected_column:
    case state_column: {
      if (row.asking || !row.state) break;
      if (row.state != row.expected()) return tr("Expected %1").arg(stateText(row.expected()));
      const QStringList flaws = row.flaws();
      return flaws.isEmpty() ? tr("As expected") : flaws.join(QLatin1Char('\n'));
    }
    case tls_column: {
      if (!row.facts || !row.facts->tls) break;
      const scan::Tls& tls = *row.facts->tls;
      QStringList lines = {qtText(tls.version) + QLatin1Char(' ') + qtText(tls.cipher)};
      if (!tls.chain.empty())
        lines << qtText(tls.chain.front().subject) << tr("until %1").arg(timeText(tls.chain.front().not_after));
      for (const std::string* each : {&tls.verify_error, &tls.error})
        if (!each->empty()) lines << qtText(*each);
      return lines.join(QLatin1Char('\n'));
    }
    case http_column: {
      if (!row.facts || !row.facts->http) break;
      const scan::Http& http = *row.facts->http;
      QStringList lines = {tr("%1 %2").arg(http.status).arg(qtText(http.reason)), phasesText(http)};
      if (!http.redirect.empty()) lines << tr("leads to %1").arg(qtText(http.redirect));
      return lines.join(QLatin1Char('\n'));
    }
    case trend_column:
    case uptime_column:
    case since_column:
      if (row.history) return pastText(*row.history);
      break;
    default:
      break;
  }
  return text(row, column);
}

QVariant ServiceTable::colour(const Row& row, int column) const {
  const Theme& theme = theme_.theme();
  switch (column) {
    case name_column:
      return {};
    case state_column:
      if (row.asking || !row.state) return theme.muted;
      return row.state == row.expected() && !row.isAsExpected() ? theme.fair : theme.state(*row.state, row.expected());
    case expected_column:
      return row.asking || row.flaws().isEmpty() ? theme.muted : theme.bad;
    case tls_column: {
      if (!row.facts || !row.facts->tls) break;
      const int days = row.target.needs ? row.target.needs->tls_valid_days.value_or(near_days) : near_days;
      const Expiry expiry = expiryOf(*row.facts->tls, days);
      return expiry == Expiry::past ? theme.bad : expiry == Expiry::near ? theme.fair : theme.muted;
    }
    case http_column:
      if (!row.facts || !row.facts->http) break;
      return row.facts->http->status >= 500 || row.facts->http->status == 0 ? theme.bad
             : row.facts->http->status >= 400                               ? theme.fair
                                                                            : theme.muted;
    case uptime_column:
      if (row.history && row.history->flapping) return theme.fair;
      break;
    default:
      break;
  }
  return theme.muted;
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
      return tipText(tip(row, index.column()));
    case SparklineDelegate::values_role:
      return index.column() == trend_column ? QVariant::fromValue(trendOf(row)) : QVariant();
    case Qt::ForegroundRole:
      return colour(row, index.column());
    // A colour, which the view draws as a dot.
    case Qt::DecorationRole:
      if (index.column() == expected_column && !unasked && row.state != scan::State::cancelled)
        return row.isAsExpected() ? theme_.icon(QStringLiteral("good"), theme.good)
                                  : theme_.icon(QStringLiteral("bad"), theme.bad);
      if (index.column() != state_column) return {};
      return unasked ? QVariant(theme.border) : colour(row, state_column);
    default:
      return {};
  }
}

QVariant ServiceTable::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= column_count) return {};
  if (role == Qt::TextAlignmentRole) return QVariant::fromValue(Qt::AlignLeft | Qt::AlignVCenter);
  if (role != Qt::DisplayRole) return {};
  static const char* const titles[column_count] = {
      QT_TR_NOOP("Service"), QT_TR_NOOP("Target"),  QT_TR_NOOP("Expected"), QT_TR_NOOP("State"),      QT_TR_NOOP("Latency"),
      QT_TR_NOOP("Answers"), QT_TR_NOOP("TLS"),     QT_TR_NOOP("HTTP"),     QT_TR_NOOP("Last scans"), QT_TR_NOOP("Uptime"),
      QT_TR_NOOP("Since"),   QT_TR_NOOP("Address"), QT_TR_NOOP("Detail")};
  return tr(titles[section]);
}

// A named language, since the C locale cannot count.
ServiceOrder::ServiceOrder(ServiceTable& table, QObject* parent)
    : QSortFilterProxyModel(parent), table_(table), asPeopleCount_(QLocale(QLocale::English)) {
  asPeopleCount_.setNumericMode(true);
  asPeopleCount_.setCaseSensitivity(Qt::CaseInsensitive);
  const auto forget = [this] {  // before the base class sorts and filters anew
    keysColumn_ = -1;
    lines_.clear();
  };
  connect(&table, &ServiceTable::dataChanged, this, forget);
  connect(&table, &ServiceTable::modelReset, this, forget);
  setSourceModel(&table);
}

void ServiceOrder::setWords(const QString& words) {
  words_ = words.toCaseFolded().split(QLatin1Char(' '), Qt::SkipEmptyParts);
  if (words_.isEmpty()) lines_.clear();
  invalidateFilter();
}

void ServiceOrder::setOnlyUnexpected(bool only) {
  onlyUnexpected_ = only;
  invalidateFilter();
}

bool ServiceOrder::filterAcceptsRow(int row, const QModelIndex&) const {
  const auto& service = table_.at(row);
  if (onlyUnexpected_ && service.isAsExpected()) return false;
  return std::all_of(words_.begin(), words_.end(), [&](const QString& word) { return lineOf(row).contains(word); });
}

const QString& ServiceOrder::lineOf(int row) const {
  if (lines_.size() != static_cast<std::size_t>(table_.rowCount())) lines_.resize(static_cast<std::size_t>(table_.rowCount()));
  QString& line = lines_[static_cast<std::size_t>(row)];
  if (!line.isEmpty()) return line;
  for (int column = 0; column < ServiceTable::column_count; ++column)
    line += table_.text(table_.at(row), column) + QLatin1Char('\n');
  return line = line.toCaseFolded();
}

const std::vector<QCollatorSortKey>& ServiceOrder::keysOf(int column) const {
  if (keysColumn_ == column && keys_.size() == static_cast<std::size_t>(table_.rowCount())) return keys_;
  keys_.clear();
  keys_.reserve(static_cast<std::size_t>(table_.rowCount()));
  for (int row = 0; row < table_.rowCount(); ++row) keys_.push_back(asPeopleCount_.sortKey(table_.text(table_.at(row), column)));
  keysColumn_ = column;
  return keys_;
}

bool ServiceOrder::lessThan(const QModelIndex& left, const QModelIndex& right) const {
  if (ServiceTable::isRanked(left.column())) {
    const auto a = ServiceTable::rank(table_.at(left.row()), left.column());
    const auto b = ServiceTable::rank(table_.at(right.row()), right.column());
    return std::tuple(!a, a.value_or(0), left.row()) < std::tuple(!b, b.value_or(0), right.row());
  }
  const auto& keys = keysOf(left.column());
  const int order = keys[static_cast<std::size_t>(left.row())].compare(keys[static_cast<std::size_t>(right.row())]);
  return order != 0 ? order < 0 : left.row() < right.row();
}

}  // namespace conclave::desktop
