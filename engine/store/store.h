// History in SQLite: reports, what people say of them, scans, and small values by key. Knows no other room.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/time.h"

namespace conclave::store {

struct ReportRow {
  std::string id;
  std::string case_name;
  std::string case_key;  // path of the case file, or a name for cases without a file
  TimeUs started = 0;
  std::string verdict;  // empty: no consensus
  bool passed = false;
  std::optional<double> confidence;
};

// What a person says of a report, or of one of its scopes.
struct JudgementRow {
  std::string report_id;
  std::string scope;   // empty: of the report's verdict
  std::string answer;  // right, wrong or a label
  std::string note;
  TimeUs judged = 0;
  std::string lesson;  // what can be learned from it, for whoever wrote it; does not need the report
  bool counts = true;  // false: forget_judgements() came later
  bool operator==(const JudgementRow&) const = default;
};

// A scan, whatever it found.
struct ScanRow {
  std::int64_t id = 0;  // given by add_scan(), larger for each scan that is added
  TimeUs started = 0;
  double seconds = 0;
  std::string occasion;     // what it was made for
  std::string targets_key;  // equal for scans of the same targets
  std::string targets;      // all of them as text, kept once for all scans with this key
  std::uint64_t count = 0;  // of targets
  std::uint64_t open = 0;   // of them
  std::string rest = {};    // the state of those without an ObservationRow; empty: there are none
  std::uint64_t kept = 0;   // how many ObservationRows it came with
  bool operator==(const ScanRow&) const = default;
};

// What a scan found of one service.
struct ObservationRow {
  std::string host;
  std::uint16_t port = 0;
  std::string state;
  std::optional<double> latency_ms;
  std::string detail;
  bool operator==(const ObservationRow&) const = default;
};

// The same as one of many that are known of a service.
struct ServiceObservation {
  TimeUs started = 0;  // of the scan
  std::string state;
  std::optional<double> latency_ms;
  bool operator==(const ServiceObservation&) const = default;
};

// What is kept of scans; about 60 bytes an observation. When a scan would not fit, the oldest go until a tenth is free.
struct ScanRetention {
  std::uint64_t scans = 10'000;
  std::uint64_t observations = 1'000'000;
};

// Owner: one per process is enough; several processes may use the same file (WAL, busy time-out 5 s).
// Threads: any; calls are serialised inside. A file of a newer schema is refused, an older one is migrated, a damaged one is an
// error that names the file and leaves it alone.
class Store {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(const std::filesystem::path& path);
  virtual ~Store() = default;

  [[nodiscard]] virtual Result<void> add_report(const ReportRow& row, const std::string& json) = 0;
  [[nodiscard]] virtual Result<std::vector<ReportRow>> list_reports(std::size_t limit) const = 0;  // newest first
  // By id, unique prefix of at least 4 characters, or "last" for the newest; kind not_found otherwise.
  [[nodiscard]] virtual Result<std::string> report_json(const std::string& id) const = 0;
  [[nodiscard]] virtual Result<std::optional<std::string>> last_report_json(const std::string& case_key) const = 0;
  [[nodiscard]] virtual Result<std::uint64_t> purge_older_than(TimeUs time) = 0;  // reports removed

  // In the place of an earlier one of the same report and scope.
  [[nodiscard]] virtual Result<void> set_judgement(const JudgementRow& row) = 0;
  [[nodiscard]] virtual Result<bool> remove_judgement(const std::string& report_id, const std::string& scope) = 0;  // was there
  // By report and scope. They outlive their reports, but a purge takes their notes along.
  [[nodiscard]] virtual Result<std::vector<JudgementRow>> judgements() const = 0;
  // No judgement made so far counts any longer; how many did.
  [[nodiscard]] virtual Result<std::uint64_t> forget_judgements() = 0;

  // Of a service that comes twice the last observation. The id; kind limit for more observations than are ever kept.
  [[nodiscard]] virtual Result<std::int64_t> add_scan(const ScanRow& row, std::span<const ObservationRow> observations,
                                                      const ScanRetention& retention = {}) = 0;
  // The last added first, with the first 200 characters of their targets.
  [[nodiscard]] virtual Result<std::vector<ScanRow>> list_scans(std::size_t limit) const = 0;
  [[nodiscard]] virtual Result<ScanRow> scan(std::int64_t id) const = 0;  // kind not_found
  [[nodiscard]] virtual Result<std::optional<std::int64_t>> last_scan(const std::string& targets_key) const = 0;
  [[nodiscard]] virtual Result<std::vector<ObservationRow>> observations(std::int64_t scan) const = 0;
  // Of one service, the last `limit`, in the order in which they were added.
  [[nodiscard]] virtual Result<std::vector<ServiceObservation>> observations_of(const std::string& host, std::uint16_t port,
                                                                                std::size_t limit) const = 0;
  // Every service with an observation, without what was found.
  [[nodiscard]] virtual Result<std::vector<ObservationRow>> observed_services() const = 0;
  [[nodiscard]] virtual Result<std::uint64_t> purge_scans_older_than(TimeUs time) = 0;  // scans removed

  [[nodiscard]] virtual Result<std::optional<std::string>> value(const std::string& key) const = 0;
  [[nodiscard]] virtual Result<void> set_value(const std::string& key, const std::string& value) = 0;
};

// $XDG_STATE_HOME/conclave/history.db, or ~/.local/state/conclave/history.db.
[[nodiscard]] std::filesystem::path default_store_path();

}  // namespace conclave::store
