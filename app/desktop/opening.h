// What the user opened: a case file, a finished report, or evidence of which a case is drafted. Runs in jobs.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/case/case.h"
#include "engine/case/report.h"

namespace conclave::desktop {

struct Opened {
  Case subject;
  std::vector<config::Problem> problems;           // warnings of the case file
  std::vector<std::filesystem::path> draftedFrom;  // empty unless drafted
  std::optional<Report> report;
};

// One .json that is a report, one YAML map with a key that only case files have, else a draft over all paths.
// A case file with errors is one Error that lists them all.
[[nodiscard]] Result<Opened> openPaths(const std::vector<std::filesystem::path>& paths);

// Runs the generator of the example incident unless `folder` has it already; the path of its case file.
[[nodiscard]] Result<std::filesystem::path> makeExample(const std::filesystem::path& generator,
                                                        const std::filesystem::path& folder, Job& job);

[[nodiscard]] Result<void> writeFile(const std::filesystem::path& file, std::string_view text);

}  // namespace conclave::desktop
