// What is behind scan(), with the way names are looked up passed in.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "engine/scan/resolver.h"
#include "engine/scan/scanner.h"

namespace conclave::scan {

[[nodiscard]] std::vector<ScanResult> sweep(std::span<const Target> targets, const ScanOptions& options, Job& job,
                                            const std::function<void(const ScanResult&)>& on_result, LookupFunction lookup);

}  // namespace conclave::scan
