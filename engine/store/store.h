// History in SQLite: reports, what people say of them, and small values by key. Knows no other room.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
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

// Owner: one per process is enough; several processes may use the same file (WAL, busy time-out 5 s).
// Threads: any; calls are serialised inside. A file of a newer schema is refused, an older one is migrated, a damaged one is an
// error that names the file and leaves it alone.
class Store {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(const std::filesystem::path& path);
  virtual ~Store() = default;

  [[nodiscard]] virtual Result<void> add_report(const ReportRow& row, const std::string& json) = 0;
  [[nodiscard]] virtual Result<std::vector<ReportRow>> list_reports(std::size_t limit) const = 0;  // newest first
  // By id or unique prefix of at least 4 characters; kind not_found otherwise.
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

  [[nodiscard]] virtual Result<std::optional<std::string>> value(const std::string& key) const = 0;
  [[nodiscard]] virtual Result<void> set_value(const std::string& key, const std::string& value) = 0;
};

// $XDG_STATE_HOME/conclave/history.db, or ~/.local/state/conclave/history.db.
[[nodiscard]] std::filesystem::path default_store_path();

}  // namespace conclave::store
