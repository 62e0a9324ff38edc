// What a scan of the command line has to do with those before it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/program.h"
#include "app/cli/scan_output.h"
#include "engine/store/store.h"

namespace conclave::cli {

// Null, and a remark, if there is none.
[[nodiscard]] std::unique_ptr<store::Store> open_scan_history(Program& program);

// What `conclave scan --diff` names: "last", which may be nothing, or a number.
[[nodiscard]] Result<std::optional<Baseline>> find_baseline(const store::Store& history, const std::string& which,
                                                            const std::vector<scan::Target>& targets);

// Keeps the scan, unless it was interrupted, and gives its results their history. What fails is a remark.
void remember(Program& program, store::Store& history, std::vector<scan::ScanResult>& results, ScanSummary& summary);

}  // namespace conclave::cli
