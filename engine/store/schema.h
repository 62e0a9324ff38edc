// The tables of the history file, and how an older file becomes a newer one.
#pragma once

#include <SQLiteCpp/Database.h>

#include <string>

#include "engine/base/error.h"

namespace conclave::store {

// Marks the file as ours ("Cncv"), so that the database of another program is never written to.
inline constexpr int application_id = 0x436E6376;

// The version this program writes: the number of steps in schema.cpp.
[[nodiscard]] int schema_version();

// Refuses foreign and newer files (kinds invalid_argument and unsupported) before anything is written; otherwise runs the missing
// steps in one transaction, safe against another process that does the same. Throws SQLite::Exception.
[[nodiscard]] Result<void> bring_up_to_date(SQLite::Database& database, const std::string& path);

}  // namespace conclave::store
