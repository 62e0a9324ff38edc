// Scans in the history file. All throw SQLite::Exception; one thread at a time.
#pragma once

#include <SQLiteCpp/Database.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/store/store.h"

namespace conclave::store {

// In one transaction with what has to go for it.
[[nodiscard]] std::int64_t insert_scan(SQLite::Database& database, const ScanRow& row,
                                       std::span<const ObservationRow> observations, const ScanRetention& retention);
[[nodiscard]] std::vector<ScanRow> newest_scans(SQLite::Database& database, std::size_t limit);
[[nodiscard]] std::optional<ScanRow> scan_by_id(SQLite::Database& database, std::int64_t id);
[[nodiscard]] std::optional<std::int64_t> last_scan_of(SQLite::Database& database, const std::string& targets_key);
[[nodiscard]] std::vector<ObservationRow> observations_in(SQLite::Database& database, std::int64_t scan);
[[nodiscard]] std::vector<ServiceObservation> last_observations(SQLite::Database& database, const std::string& host,
                                                                std::uint16_t port, std::size_t limit);
[[nodiscard]] std::vector<ObservationRow> all_services(SQLite::Database& database);
[[nodiscard]] std::uint64_t remove_scans_before(SQLite::Database& database, TimeUs time);

}  // namespace conclave::store
