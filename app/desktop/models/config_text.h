// The text of a configuration file as it is now, with and without its secrets.
#pragma once

#include <QString>
#include <filesystem>

#include "engine/base/error.h"
#include "engine/base/job.h"

namespace conclave::desktop {

struct ConfigText {
  QString plain;
  QString masked;      // the same number of lines
  bool isCut = false;  // the file is too long to be shown whole
  std::string sha256;  // of the whole file
};

// Runs in a job. Shows at most 50,000 lines, 4 MiB, and 4,000 bytes of a line; invalid UTF-8 becomes U+FFFD.
[[nodiscard]] Result<ConfigText> readConfigText(const std::filesystem::path& path, Job& job);

}  // namespace conclave::desktop
