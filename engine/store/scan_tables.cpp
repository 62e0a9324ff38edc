#include "engine/store/scan_tables.h"

#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>

#include <algorithm>
#include <limits>

#include "engine/base/text.h"

namespace conclave::store {
namespace {

std::int64_t as_limit(std::size_t limit) {
  return static_cast<std::int64_t>(std::min<std::size_t>(limit, std::numeric_limits<std::int64_t>::max()));
}

// Scans of which `condition` holds with `bound`, and what only they needed.
std::uint64_t remove_scans(SQLite::Database& database, const std::string& condition, std::int64_t bound) {
  SQLite::Statement observations(database,
                                 "DELETE FROM observations WHERE scan IN (SELECT id FROM scans WHERE " + condition + ")");
  observations.bind(1, bound);
  observations.exec();
  SQLite::Statement scans(database, "DELETE FROM scans WHERE " + condition);
  scans.bind(1, bound);
  const auto removed = static_cast<std::uint64_t>(scans.exec());
  if (removed == 0) return 0;
  database.exec(
      "DELETE FROM scan_services WHERE NOT EXISTS (SELECT 1 FROM observations WHERE service = scan_services.id);"
      "DELETE FROM scan_targets WHERE NOT EXISTS (SELECT 1 FROM scans WHERE targets = scan_targets.id)");
  return removed;
}

// A tenth is freed at once, so that most scans need not remove anything.
void make_room(SQLite::Database& database, std::uint64_t observations, const ScanRetention& retention) {
  SQLite::Statement total(database, "SELECT count(*), coalesce(sum(kept), 0) FROM scans");
  total.executeStep();
  const auto scans = static_cast<std::uint64_t>(total.getColumn(0).getInt64());
  const auto kept = static_cast<std::uint64_t>(total.getColumn(1).getInt64());
  total.reset();
  if (scans < retention.scans && kept + observations <= retention.observations) return;
  const std::uint64_t most_scans = retention.scans - retention.scans / 10;
  const std::uint64_t most_kept = retention.observations - retention.observations / 10;
  SQLite::Statement newest(database, "SELECT id, kept FROM scans ORDER BY id DESC");
  std::uint64_t scans_left = 1;
  std::uint64_t kept_left = observations;
  while (newest.executeStep()) {
    kept_left += static_cast<std::uint64_t>(newest.getColumn(1).getInt64());
    if (++scans_left <= most_scans && kept_left <= most_kept) continue;
    const std::int64_t last = newest.getColumn(0).getInt64();
    newest.reset();
    (void)remove_scans(database, "id <= ?", last);
    return;
  }
}

std::int64_t id_of_targets(SQLite::Database& database, const ScanRow& row) {
  SQLite::Statement insert(database, "INSERT OR IGNORE INTO scan_targets (key, targets) VALUES (?, ?)");
  insert.bind(1, row.targets_key);
  insert.bind(2, valid_utf8(row.targets));
  insert.exec();
  SQLite::Statement find(database, "SELECT id FROM scan_targets WHERE key = ?");
  find.bind(1, row.targets_key);
  find.executeStep();
  return find.getColumn(0).getInt64();
}

ScanRow scan_from(SQLite::Statement& query) {
  return {.id = query.getColumn(0).getInt64(),
          .started = query.getColumn(1).getInt64(),
          .seconds = query.getColumn(2).getDouble(),
          .occasion = query.getColumn(3).getString(),
          .targets_key = query.getColumn(4).getString(),
          .targets = query.getColumn(5).getString(),
          .count = static_cast<std::uint64_t>(query.getColumn(6).getInt64()),
          .open = static_cast<std::uint64_t>(query.getColumn(7).getInt64()),
          .rest = query.getColumn(8).getString(),
          .kept = static_cast<std::uint64_t>(query.getColumn(9).getInt64())};
}

std::optional<double> number_or_none(const SQLite::Column& column) {
  return column.isNull() ? std::nullopt : std::optional(column.getDouble());
}

}  // namespace

std::int64_t insert_scan(SQLite::Database& database, const ScanRow& row, std::span<const ObservationRow> observations,
                         const ScanRetention& retention) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  make_room(database, observations.size(), retention);
  SQLite::Statement insert(database,
                           "INSERT INTO scans (targets, started, seconds, occasion, count, open, rest, kept) "
                           "VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  insert.bind(1, id_of_targets(database, row));
  insert.bind(2, row.started);
  insert.bind(3, row.seconds);
  insert.bind(4, valid_utf8(row.occasion));
  insert.bind(5, static_cast<std::int64_t>(row.count));
  insert.bind(6, static_cast<std::int64_t>(row.open));
  insert.bind(7, row.rest);
  insert.bind(8, static_cast<std::int64_t>(observations.size()));
  insert.exec();
  const std::int64_t id = database.getLastInsertRowid();

  SQLite::Statement known(database, "SELECT id FROM scan_services WHERE host = ? AND port = ?");
  SQLite::Statement meet(database, "INSERT INTO scan_services (host, port) VALUES (?, ?)");
  SQLite::Statement observe(
      database, "INSERT OR REPLACE INTO observations (service, scan, state, latency_ms, detail) VALUES (?, ?, ?, ?, ?)");
  for (const ObservationRow& each : observations) {
    const std::string host = valid_utf8(each.host);
    known.bind(1, host);
    known.bind(2, each.port);
    std::int64_t service = 0;
    if (known.executeStep()) {
      service = known.getColumn(0).getInt64();
    } else {
      meet.bind(1, host);
      meet.bind(2, each.port);
      meet.exec();
      meet.reset();
      service = database.getLastInsertRowid();
    }
    known.reset();
    observe.bind(1, service);
    observe.bind(2, id);
    observe.bind(3, each.state);
    if (each.latency_ms) {
      observe.bind(4, *each.latency_ms);
    } else {
      observe.bind(4);
    }
    observe.bind(5, valid_utf8(each.detail));
    observe.exec();
    observe.reset();
  }
  transaction.commit();
  return id;
}

std::vector<ScanRow> newest_scans(SQLite::Database& database, std::size_t limit) {
  SQLite::Statement query(database,
                          "SELECT s.id, started, seconds, occasion, key, substr(t.targets, 1, 200), count, open, rest, kept "
                          "FROM scans s JOIN scan_targets t ON t.id = s.targets ORDER BY s.id DESC LIMIT ?");
  query.bind(1, as_limit(limit));
  std::vector<ScanRow> rows;
  while (query.executeStep()) rows.push_back(scan_from(query));
  return rows;
}

std::optional<ScanRow> scan_by_id(SQLite::Database& database, std::int64_t id) {
  SQLite::Statement query(database,
                          "SELECT s.id, started, seconds, occasion, key, t.targets, count, open, rest, kept "
                          "FROM scans s JOIN scan_targets t ON t.id = s.targets WHERE s.id = ?");
  query.bind(1, id);
  if (!query.executeStep()) return std::nullopt;
  return scan_from(query);
}

std::optional<std::int64_t> last_scan_of(SQLite::Database& database, const std::string& targets_key) {
  SQLite::Statement query(database, "SELECT max(s.id) FROM scans s JOIN scan_targets t ON t.id = s.targets WHERE t.key = ?");
  query.bind(1, targets_key);
  if (!query.executeStep() || query.getColumn(0).isNull()) return std::nullopt;
  return query.getColumn(0).getInt64();
}

std::vector<ObservationRow> observations_in(SQLite::Database& database, std::int64_t scan) {
  SQLite::Statement query(database,
                          "SELECT host, port, state, latency_ms, detail FROM observations o "
                          "JOIN scan_services s ON s.id = o.service WHERE o.scan = ? ORDER BY host, port");
  query.bind(1, scan);
  std::vector<ObservationRow> rows;
  while (query.executeStep()) {
    rows.push_back({query.getColumn(0).getString(), static_cast<std::uint16_t>(query.getColumn(1).getInt()),
                    query.getColumn(2).getString(), number_or_none(query.getColumn(3)), query.getColumn(4).getString()});
  }
  return rows;
}

std::vector<ServiceObservation> last_observations(SQLite::Database& database, const std::string& host, std::uint16_t port,
                                                  std::size_t limit) {
  SQLite::Statement query(database,
                          "SELECT s.started, o.state, o.latency_ms FROM scan_services v JOIN observations o ON o.service = v.id "
                          "JOIN scans s ON s.id = o.scan WHERE v.host = ? AND v.port = ? ORDER BY o.scan DESC LIMIT ?");
  query.bind(1, valid_utf8(host));
  query.bind(2, port);
  query.bind(3, as_limit(limit));
  std::vector<ServiceObservation> rows;
  while (query.executeStep())
    rows.push_back({query.getColumn(0).getInt64(), query.getColumn(1).getString(), number_or_none(query.getColumn(2))});
  std::reverse(rows.begin(), rows.end());
  return rows;
}

std::vector<ObservationRow> all_services(SQLite::Database& database) {
  SQLite::Statement query(database, "SELECT host, port FROM scan_services ORDER BY host, port");
  std::vector<ObservationRow> rows;
  while (query.executeStep()) {
    ObservationRow& row = rows.emplace_back();
    row.host = query.getColumn(0).getString();
    row.port = static_cast<std::uint16_t>(query.getColumn(1).getInt());
  }
  return rows;
}

std::uint64_t remove_scans_before(SQLite::Database& database, TimeUs time) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  const std::uint64_t removed = remove_scans(database, "started < ?", time);
  transaction.commit();
  return removed;
}

}  // namespace conclave::store
