#include "engine/store/store.h"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>

#include "engine/base/folders.h"
#include "engine/base/text.h"
#include "engine/store/scan_tables.h"
#include "engine/store/schema.h"

namespace conclave::store {
namespace {

constexpr int busy_timeout_ms = 5000;
constexpr std::size_t shortest_prefix = 4;

tl::unexpected<Error> translated(const SQLite::Exception& error, const std::string& path) {
  switch (error.getErrorCode()) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return fail(
          ErrorKind::serialization,
          std::string("the history is damaged (") + error.what() + "); it was left as it is: move it away to start a new one",
          path);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fail(ErrorKind::io, "the history is in use by another program", path, EBUSY);
    case SQLITE_FULL:
      return fail_io("cannot write the history", path, ENOSPC);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return fail_io("cannot write the history", path, EACCES);
    default:
      return fail(ErrorKind::io, std::string("the history cannot be used: ") + error.what(), path, EIO);
  }
}

// The file exists afterwards and belongs to its owner alone; SQLite gives its companions the same mode.
Result<void> prepare_file(const std::filesystem::path& path) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (error) return fail_io("cannot make the folder of the history", path.string(), error.value());
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
  if (file < 0) return fail_io("cannot open the history", path.string(), errno);
  struct stat status {};
  const bool regular = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  ::close(file);
  if (!regular) return fail(ErrorKind::invalid_argument, "the history is not a regular file", path.string());
  return {};
}

// Changing the journal mode does not always wait for the busy time-out, so waiting is done here.
void use_write_ahead_log(SQLite::Database& database) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(busy_timeout_ms);
  for (;;) {
    try {
      database.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (const SQLite::Exception& error) {
      if (error.getErrorCode() != SQLITE_BUSY || std::chrono::steady_clock::now() > deadline) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
}

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(std::string path) : path_(std::move(path)), database_(path_, SQLite::OPEN_READWRITE, busy_timeout_ms) {}

  Result<void> prepare() {
    return guarded([&]() -> Result<void> {
      database_.exec("PRAGMA secure_delete = ON");
      if (Result<void> ready = bring_up_to_date(database_, path_); !ready) return ready;
      use_write_ahead_log(database_);
      database_.exec("PRAGMA synchronous = NORMAL");
      return {};
    });
  }

  Result<void> add_report(const ReportRow& row, const std::string& json) override {
    return guarded([&]() -> Result<void> {
      SQLite::Statement insert(database_,
                               "INSERT OR REPLACE INTO reports (id, case_name, case_key, started, verdict, passed, confidence, "
                               "json) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
      insert.bind(1, row.id);
      insert.bind(2, valid_utf8(row.case_name));
      insert.bind(3, row.case_key);
      insert.bind(4, row.started);
      insert.bind(5, row.verdict);
      insert.bind(6, row.passed ? 1 : 0);
      if (row.confidence) {
        insert.bind(7, *row.confidence);
      } else {
        insert.bind(7);
      }
      insert.bind(8, json);
      insert.exec();
      return {};
    });
  }

  Result<std::vector<ReportRow>> list_reports(std::size_t limit) const override {
    return guarded([&]() -> Result<std::vector<ReportRow>> {
      SQLite::Statement query(database_,
                              "SELECT id, case_name, case_key, started, verdict, passed, confidence FROM reports "
                              "ORDER BY started DESC, id LIMIT ?");
      query.bind(1, static_cast<std::int64_t>(std::min<std::size_t>(limit, std::numeric_limits<std::int64_t>::max())));
      std::vector<ReportRow> rows;
      while (query.executeStep()) {
        ReportRow& row = rows.emplace_back();
        row.id = query.getColumn(0).getString();
        row.case_name = query.getColumn(1).getString();
        row.case_key = query.getColumn(2).getString();
        row.started = query.getColumn(3).getInt64();
        row.verdict = query.getColumn(4).getString();
        row.passed = query.getColumn(5).getInt() != 0;
        if (!query.getColumn(6).isNull()) row.confidence = query.getColumn(6).getDouble();
      }
      return rows;
    });
  }

  Result<std::string> report_json(const std::string& id) const override {
    if (id == "last") {
      return guarded([&]() -> Result<std::string> {
        SQLite::Statement query(database_, "SELECT json FROM reports ORDER BY started DESC, id LIMIT 1");
        if (!query.executeStep()) return fail(ErrorKind::not_found, "there is no report in the history yet");
        return query.getColumn(0).getString();
      });
    }
    if (id.size() < shortest_prefix) {
      return fail(ErrorKind::not_found, "'" + id + "' is too short to find a report by; give at least 4 characters of its id");
    }
    return guarded([&]() -> Result<std::string> {
      SQLite::Statement query(database_,
                              "SELECT id, json FROM reports WHERE id >= ?1 AND substr(id, 1, length(?1)) = ?1 "
                              "ORDER BY id LIMIT 2");
      query.bind(1, id);
      if (!query.executeStep()) return fail(ErrorKind::not_found, "there is no report '" + id + "' in the history");
      const bool exact = query.getColumn(0).getString() == id;
      std::string json = query.getColumn(1).getString();
      if (!exact && query.executeStep()) {
        return fail(ErrorKind::not_found, "more than one report begins with '" + id + "'; give more of its id");
      }
      return json;
    });
  }

  Result<std::optional<std::string>> last_report_json(const std::string& case_key) const override {
    return one_text("SELECT json FROM reports WHERE case_key = ? ORDER BY started DESC, id LIMIT 1", case_key);
  }

  Result<std::uint64_t> purge_older_than(TimeUs time) override {
    return guarded([&]() -> Result<std::uint64_t> {
      SQLite::Statement remove(database_, "DELETE FROM reports WHERE started < ?");
      remove.bind(1, time);
      const auto removed = static_cast<std::uint64_t>(remove.exec());
      if (removed == 0) return removed;
      database_.exec("UPDATE judgements SET note = '' WHERE note <> '' AND report_id NOT IN (SELECT id FROM reports)");
      give_back_space();
      return removed;
    });
  }

  Result<void> set_judgement(const JudgementRow& row) override {
    return guarded([&]() -> Result<void> {
      SQLite::Statement insert(database_,
                               "INSERT OR REPLACE INTO judgements (report_id, scope, answer, note, judged, lesson, counts) "
                               "VALUES (?, ?, ?, ?, ?, ?, ?)");
      insert.bind(1, row.report_id);
      insert.bind(2, valid_utf8(row.scope));
      insert.bind(3, valid_utf8(row.answer));
      insert.bind(4, valid_utf8(row.note));
      insert.bind(5, row.judged);
      insert.bind(6, row.lesson);
      insert.bind(7, row.counts ? 1 : 0);
      insert.exec();
      return {};
    });
  }

  Result<bool> remove_judgement(const std::string& report_id, const std::string& scope) override {
    return guarded([&]() -> Result<bool> {
      SQLite::Statement remove(database_, "DELETE FROM judgements WHERE report_id = ? AND scope = ?");
      remove.bind(1, report_id);
      remove.bind(2, valid_utf8(scope));
      return remove.exec() > 0;
    });
  }

  Result<std::vector<JudgementRow>> judgements() const override {
    return guarded([&]() -> Result<std::vector<JudgementRow>> {
      SQLite::Statement query(database_,
                              "SELECT report_id, scope, answer, note, judged, lesson, counts FROM judgements "
                              "ORDER BY report_id, scope");
      std::vector<JudgementRow> rows;
      while (query.executeStep()) {
        rows.push_back({query.getColumn(0).getString(), query.getColumn(1).getString(), query.getColumn(2).getString(),
                        query.getColumn(3).getString(), query.getColumn(4).getInt64(), query.getColumn(5).getString(),
                        query.getColumn(6).getInt() != 0});
      }
      return rows;
    });
  }

  Result<std::uint64_t> forget_judgements() override {
    return guarded([&]() -> Result<std::uint64_t> {
      return static_cast<std::uint64_t>(database_.exec("UPDATE judgements SET counts = 0 WHERE counts <> 0"));
    });
  }

  Result<std::int64_t> add_scan(const ScanRow& row, std::span<const ObservationRow> observations,
                                const ScanRetention& retention) override {
    if (observations.size() > retention.observations)
      return fail(ErrorKind::limit, "the scan found out about more services than the history keeps (" +
                                        std::to_string(retention.observations) + ")");
    return guarded([&]() -> Result<std::int64_t> { return insert_scan(database_, row, observations, retention); });
  }

  Result<std::vector<ScanRow>> list_scans(std::size_t limit) const override {
    return guarded([&]() -> Result<std::vector<ScanRow>> { return newest_scans(database_, limit); });
  }

  Result<ScanRow> scan(std::int64_t id) const override {
    return guarded([&]() -> Result<ScanRow> {
      auto row = scan_by_id(database_, id);
      if (!row) return fail(ErrorKind::not_found, "there is no scan " + std::to_string(id) + " in the history");
      return std::move(*row);
    });
  }

  Result<std::optional<std::int64_t>> last_scan(const std::string& targets_key) const override {
    return guarded([&]() -> Result<std::optional<std::int64_t>> { return last_scan_of(database_, targets_key); });
  }

  Result<std::vector<ObservationRow>> observations(std::int64_t scan) const override {
    return guarded([&]() -> Result<std::vector<ObservationRow>> { return observations_in(database_, scan); });
  }

  Result<std::vector<ServiceObservation>> observations_of(const std::string& host, std::uint16_t port,
                                                          std::size_t limit) const override {
    return guarded([&]() -> Result<std::vector<ServiceObservation>> { return last_observations(database_, host, port, limit); });
  }

  Result<std::vector<ObservationRow>> observed_services() const override {
    return guarded([&]() -> Result<std::vector<ObservationRow>> { return all_services(database_); });
  }

  Result<std::uint64_t> purge_scans_older_than(TimeUs time) override {
    return guarded([&]() -> Result<std::uint64_t> {
      const std::uint64_t removed = remove_scans_before(database_, time);
      if (removed > 0) give_back_space();
      return removed;
    });
  }

  Result<std::optional<std::string>> value(const std::string& key) const override {
    return one_text("SELECT value FROM small_values WHERE key = ?", key);
  }

  Result<void> set_value(const std::string& key, const std::string& value) override {
    return guarded([&]() -> Result<void> {
      SQLite::Statement insert(database_, "INSERT OR REPLACE INTO small_values (key, value) VALUES (?, ?)");
      insert.bind(1, key);
      insert.bind(2, value);
      insert.exec();
      return {};
    });
  }

 private:
  // Serialises calls and ends the library's exceptions.
  template <class Work>
  std::invoke_result_t<Work> guarded(const Work& work) const {
    const std::lock_guard lock(mutex_);
    try {
      return work();
    } catch (const SQLite::Exception& error) {
      return translated(error, path_);
    }
  }

  void give_back_space() {
    SQLite::Statement shrink(database_, "PRAGMA incremental_vacuum");
    while (shrink.executeStep()) {
    }
    // Readers in other processes may keep the log from shrinking now; what was removed is gone all the same.
    (void)database_.tryExec("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  Result<std::optional<std::string>> one_text(const char* sql, const std::string& key) const {
    return guarded([&]() -> Result<std::optional<std::string>> {
      SQLite::Statement query(database_, sql);
      query.bind(1, key);
      if (!query.executeStep()) return std::optional<std::string>{};
      return std::optional(query.getColumn(0).getString());
    });
  }

  std::string path_;
  mutable std::mutex mutex_;
  mutable SQLite::Database database_;
};

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& path) {
  if (const Result<void> ready = prepare_file(path); !ready) return tl::unexpected(ready.error());
  try {
    auto store = std::make_unique<SqliteStore>(path.string());
    if (const Result<void> ready = store->prepare(); !ready) return tl::unexpected(ready.error());
    return store;
  } catch (const SQLite::Exception& error) {
    return translated(error, path.string());
  }
}

std::filesystem::path default_store_path() { return user_state_folder() / "history.db"; }

}  // namespace conclave::store
