#include "engine/store/schema.h"

#include <SQLiteCpp/Transaction.h>

#include <array>

namespace conclave::store {
namespace {

// Step n brings a file of version n to version n + 1. Steps are never edited once released, only added.
constexpr std::array<const char*, 4> steps = {
    R"(CREATE TABLE reports (
         id TEXT PRIMARY KEY NOT NULL,
         case_name TEXT NOT NULL,
         case_key TEXT NOT NULL,
         started INTEGER NOT NULL,
         verdict TEXT NOT NULL,
         passed INTEGER NOT NULL,
         confidence REAL,
         json TEXT NOT NULL);
       CREATE INDEX reports_by_time ON reports (started);
       CREATE INDEX reports_by_case ON reports (case_key, started);)",
    R"(CREATE TABLE small_values (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;)",
    R"(CREATE TABLE judgements (
         report_id TEXT NOT NULL,
         scope TEXT NOT NULL,
         answer TEXT NOT NULL,
         note TEXT NOT NULL,
         judged INTEGER NOT NULL,
         lesson TEXT NOT NULL,
         counts INTEGER NOT NULL,
         PRIMARY KEY (report_id, scope)) WITHOUT ROWID;)",
    R"(CREATE TABLE scan_targets (
         id INTEGER PRIMARY KEY,
         key TEXT NOT NULL UNIQUE,
         targets TEXT NOT NULL);
       CREATE TABLE scans (
         id INTEGER PRIMARY KEY AUTOINCREMENT,
         targets INTEGER NOT NULL,
         started INTEGER NOT NULL,
         seconds REAL NOT NULL,
         occasion TEXT NOT NULL,
         count INTEGER NOT NULL,
         open INTEGER NOT NULL,
         rest TEXT NOT NULL,
         kept INTEGER NOT NULL);
       CREATE INDEX scans_by_targets ON scans (targets, id);
       CREATE INDEX scans_by_time ON scans (started);
       CREATE TABLE scan_services (
         id INTEGER PRIMARY KEY,
         host TEXT NOT NULL,
         port INTEGER NOT NULL,
         UNIQUE (host, port));
       CREATE TABLE observations (
         service INTEGER NOT NULL,
         scan INTEGER NOT NULL,
         state TEXT NOT NULL,
         latency_ms REAL,
         detail TEXT NOT NULL,
         PRIMARY KEY (service, scan)) WITHOUT ROWID;
       CREATE INDEX observations_by_scan ON observations (scan);)",
};

int pragma(SQLite::Database& database, const char* name) { return database.execAndGet("PRAGMA " + std::string(name)).getInt(); }

Result<int> version_of(SQLite::Database& database, const std::string& path) {
  const int version = pragma(database, "user_version");
  const bool empty = database.execAndGet("SELECT count(*) FROM sqlite_schema").getInt() == 0;
  if (!empty && pragma(database, "application_id") != application_id) {
    return fail(ErrorKind::invalid_argument, "this is the database of another program, not a Conclave history", path);
  }
  if (version > schema_version() || version < 0) {
    return fail(ErrorKind::unsupported,
                "the history was written by a newer Conclave (schema " + std::to_string(version) + ", this one knows " +
                    std::to_string(schema_version()) + ")",
                path);
  }
  return version;
}

}  // namespace

int schema_version() { return static_cast<int>(steps.size()); }

Result<void> bring_up_to_date(SQLite::Database& database, const std::string& path) {
  Result<int> version = version_of(database, path);
  if (!version) return tl::unexpected(version.error());
  if (*version == schema_version()) return {};
  if (*version == 0) database.exec("PRAGMA auto_vacuum = INCREMENTAL");  // only possible before the first table
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  version = version_of(database, path);  // another process may have been first
  if (!version) return tl::unexpected(version.error());
  for (int step = *version; step < schema_version(); ++step) database.exec(steps[static_cast<std::size_t>(step)]);
  database.exec("PRAGMA application_id = " + std::to_string(application_id));
  database.exec("PRAGMA user_version = " + std::to_string(schema_version()));
  transaction.commit();
  return {};
}

}  // namespace conclave::store
