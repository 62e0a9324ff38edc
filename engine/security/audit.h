// The append-only audit log: who ran which plugin, what was scanned or asked, what was refused. Never evidence, never a secret.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace conclave::security {

// One JSON object per line: time, user, pid, event and the fields given. Any thread; each line is one O_APPEND write, so that
// several processes may share the file. The file is created readable by its owner alone; missing folders are made.
class AuditLog {
 public:
  [[nodiscard]] static Result<AuditLog> open(const std::filesystem::path& path);
  AuditLog(AuditLog&& other) noexcept;
  AuditLog& operator=(AuditLog&& other) noexcept;
  ~AuditLog();
  // event: "plugin.run", "plugin.refused", "scan", "endpoint.ask", ...; subject: plugin name and hash, target count, endpoint.
  // Any bytes are accepted; subject and detail are cut at 2,048 bytes each. The caller decides what a failed write means.
  Result<void> record(std::string_view event, std::string_view subject, std::string_view detail = {}) const;

 private:
  AuditLog(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  int descriptor_ = -1;
  std::string path_;
};

}  // namespace conclave::security
